/** A row of the Variables view. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  /** Where its bytes are, for the memory view. */
  readonly memory?: string;
  /** What it evaluates as. */
  readonly expression?: string;
  readonly children?: Children;
}

/** Rows below another; read when they are looked at. */
export interface Children {
  /** How many there are of a list whose parts can be read alone. */
  readonly indexed?: number;
  /** The rows `[start, start + count)` of a list that says how long it is; of others all. */
  readonly read: (start?: number, count?: number) => Promise<readonly Variable[]>;
}

/** Longer values are cut: a frozen process may have any bytes in any length. */
const MAX_VALUE = 4096;

/** Text from the evidence in one line, with what is not printable escaped. */
export function shown(text: string): string {
  const cut = text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === "\n"
      ? "\\n"
      : character === "\t"
        ? "\\t"
        : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** References are given out for as long as a session lasts; the oldest of very many are forgotten. */
const MAX_REFERENCES = 65_536;
/** Rows of a list in one answer. */
const MAX_ROWS = 10_000;

/** The rows that the other side may ask for, by the numbers it knows them by. */
export class VariableStore {
  readonly #known = new Map<number, Children>();
  #last = 0;

  add(children: Children): number {
    const reference = ++this.#last;
    this.#known.set(reference, children);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REFERENCES && oldest !== undefined) this.#known.delete(oldest);
    return reference;
  }

  /** The rows `[start, start + count)`; all from `start` on without a count, of a long list only the first. */
  async read(reference: number, start = 0, count = 0): Promise<readonly Variable[]> {
    const children = this.#known.get(reference);
    if (children?.indexed !== undefined)
      return children.read(start, Math.min(count > 0 ? count : MAX_ROWS, MAX_ROWS));
    const rows = (await children?.read()) ?? [];
    return rows.slice(start, count > 0 ? start + count : undefined);
  }
}

// Where a position lies in JSON with comments, of a file that is being written: it may be wrong anywhere.

export interface JsonPlace {
  /** The property whose value the position is in. */
  readonly property: string;
  /** Offsets of what is there of the value, its quotes included; both the position where there is nothing yet. */
  readonly start: number;
  readonly end: number;
  /** The plain values of the same object. */
  readonly siblings: ReadonlyMap<string, string | number | boolean>;
}

interface Frame {
  readonly isObject: boolean;
  readonly values: Map<string, string | number | boolean>;
  /** The property whose value comes next. */
  key?: string | undefined;
  /** The last string, which is a property's name if a colon follows. */
  word?: string | undefined;
}

/** Strings end at their line's end at the latest, as nobody has closed the one that is being written. */
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"/]+|\//g;

/** The property value that a position is in, or undefined. `text` is a file of at most some hundred kilobytes. */
export function jsonPlace(text: string, offset: number): JsonPlace | undefined {
  const stack: Frame[] = [];
  let found: { readonly frame: Frame; readonly place: JsonPlace } | undefined;
  let last = 0;
  const look = (start: number, end: number): void => {
    const frame = stack.at(-1);
    if (found || !frame?.isObject || frame.key === undefined || offset < start || offset > end) return;
    found = { frame, place: { property: frame.key, start, end, siblings: frame.values } };
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (/^\/[/*]/.test(token)) continue;
    const frame = stack.at(-1);
    const end = index + token.length;
    // Between a colon and what comes next there is room for a value.
    const isBefore = offset < index || (offset === index && /^[}\],]$/.test(token));
    if (isBefore && offset >= last && frame?.key !== undefined) look(offset, offset);
    if (token === "{" || token === "[") {
      stack.push({ isObject: token === "{", values: new Map() });
    } else if (token === "}" || token === "]") {
      const closed = stack.pop();
      if (found && closed === found.frame) return found.place;
      const outer = stack.at(-1);
      if (outer) outer.key = undefined;
    } else if (token === ",") {
      if (frame) frame.key = frame.word = undefined;
    } else if (token === ":") {
      if (frame) frame.key = frame.word;
    } else if (frame?.isObject) {
      take(frame, token, () => look(index, end));
    }
    last = end;
  }
  if (offset >= last && stack.at(-1)?.key !== undefined) look(offset, offset);
  return found?.place;
}

function take(frame: Frame, token: string, look: () => void): void {
  const value = plain(token);
  if (frame.key === undefined) {
    frame.word = typeof value === "string" ? value : undefined;
    return;
  }
  look();
  if (value !== undefined) frame.values.set(frame.key, value);
  frame.key = undefined;
}

function plain(token: string): string | number | boolean | undefined {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

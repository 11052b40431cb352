/** Places of one process that are remembered; of more only the number. */
const MAX_KEPT = 200_000;

/** Where the patterns of the rules that are asked of a whole process were found in it. */
export class ProcessFinds {
  /** By rule and pattern; of those that were found alone, since most of many rules are found nowhere. */
  readonly #found = new Map<number, Map<number, Found>>();
  readonly #patterns: readonly number[];
  #kept = 0;

  /** `patterns`: how many each rule has. */
  constructor(patterns: readonly number[]) {
    this.#patterns = patterns;
  }

  add(rule: number, pattern: number, address: bigint, length: number): void {
    const patterns = this.#found.get(rule) ?? new Map<number, Found>();
    this.#found.set(rule, patterns);
    const found = patterns.get(pattern) ?? new Found();
    patterns.set(pattern, found);
    if (found.add(address, length, this.#kept < MAX_KEPT)) this.#kept++;
  }

  /** A region had as many places of a pattern as are told of one. */
  cut(rule: number, pattern: number): void {
    const found = this.#found.get(rule)?.get(pattern);
    if (found) found.hasMore = true;
  }

  get counts(): readonly (readonly number[])[] {
    return this.#patterns.map((length, rule) => {
      const found = this.#found.get(rule);
      return Array.from({ length }, (_, pattern) => found?.get(pattern)?.count ?? 0);
    });
  }

  /** Of a rule's pattern. */
  of(rule: number, pattern: number): Pick<Found, "places" | "hasMore"> | undefined {
    return this.#found.get(rule)?.get(pattern);
  }
}

class Found {
  count = 0;
  hasMore = false;
  /** Lengths by address. */
  readonly places = new Map<bigint, number>();

  /** Whether it was new, and is remembered. Regions overlap, and shared memory is found from several sides. */
  add(address: bigint, length: number, hasRoom: boolean): boolean {
    if (this.places.has(address)) return false;
    this.count++;
    if (!hasRoom) this.hasMore = true;
    else this.places.set(address, length);
    return hasRoom;
  }
}

/** Places of one process that are remembered; of more only the number. */
const MAX_KEPT = 200_000;

/** Where the patterns of the rules that are asked of a whole process were found in it. */
export class ProcessFinds {
  readonly #rules: readonly (readonly Found[])[];
  #kept = 0;

  /** `patterns`: how many each rule has. */
  constructor(patterns: readonly number[]) {
    this.#rules = patterns.map((count) => Array.from({ length: count }, () => new Found()));
  }

  add(rule: number, pattern: number, address: bigint, length: number): void {
    const found = this.#rules[rule]?.[pattern];
    if (found?.add(address, length, this.#kept < MAX_KEPT) === true) this.#kept++;
  }

  /** A region had as many places of a pattern as are told of one. */
  cut(rule: number, pattern: number): void {
    const found = this.#rules[rule]?.[pattern];
    if (found) found.hasMore = true;
  }

  get counts(): readonly (readonly number[])[] {
    return this.#rules.map((patterns) => patterns.map(({ count }) => count));
  }

  /** Of a rule's pattern. */
  of(rule: number, pattern: number): Pick<Found, "places" | "hasMore"> | undefined {
    return this.#rules[rule]?.[pattern];
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

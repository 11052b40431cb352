const KEPT = 1000;

/** A list of troubles that a hostile archive can't make grow without bound. */
export interface ProblemList {
  add(problem: string): void;
  readonly all: readonly string[];
}

export function problemList(): ProblemList {
  const kept: string[] = [];
  let dropped = 0;
  return {
    add(problem) {
      if (kept.length < KEPT) kept.push(problem);
      else dropped++;
    },
    get all() {
      return dropped === 0 ? kept : [...kept, `${dropped} more names had trouble.`];
    },
  };
}

/** Tests of one step. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const WORDS = { passed: "passing", failed: "failing", skipped: "pending" } as const;

/**
 * The counts that mocha closes its report with, summed when several reports follow each other; undefined when there
 * are none. "pending" stands for skipped, "passing" is always there.
 */
export function mochaCounts(output: string): Counts | undefined {
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const sum = (word: string) =>
    [...plain.matchAll(new RegExp(`^ {2}(\\d+) ${word}\\b`, "gm"))].map(([, count]) => Number(count));
  if (sum(WORDS.passed).length === 0) return undefined;
  const total = (word: string) => sum(word).reduce((all, count) => all + count, 0);
  return { passed: total(WORDS.passed), failed: total(WORDS.failed), skipped: total(WORDS.skipped) };
}

/** What failed, as a report of mocha's has it; empty when nothing did. */
export interface Failures {
  /** Titles of tests and hooks, in the order in which they ran. */
  readonly titles: readonly string[];
  /** Their files, where reporter.cjs named them. */
  readonly files: readonly string[];
  /** The report's part that tells why, without the list of what ran. */
  readonly reasons: string;
}

export function mochaFailures(output: string): Failures {
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const whys = /^ {2}\d+ failing\n([^]*?)(?=^failed in |(?![^]))/gm;
  const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found ?? "");
  return {
    titles: all(plain.replace(whys, ""), /^ {4,}\d+\) (.+)$/gm),
    files: all(plain, /^failed in (.+)$/gm),
    reasons: all(plain, whys).join("\n").trim(),
  };
}

/**
 * Of tests that were run, and once more where they had failed: all of them, or only the files of what failed, whose
 * other tests the first report has counted.
 */
export function twiceCounts(first: Counts, second: Counts, part: "all" | "files"): Counts {
  if (part === "all") return second;
  return { ...first, passed: first.passed + first.failed - second.failed, failed: second.failed };
}

/** Of programs that ran one after the other. */
export function sumCounts(all: readonly Counts[]): Counts {
  const total = (of: keyof Counts) => all.reduce((sum, counts) => sum + counts[of], 0);
  return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
}

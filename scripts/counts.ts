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

/** The titles of the tests that mocha's report marks as failed, while it runs them: `    1) title`. */
export function mochaFailures(output: string): readonly string[] {
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const [running = ""] = plain.split(/^ {2}\d+ passing\b/m);
  return [...running.matchAll(/^ {4,}\d+\) (.+)$/gm)].map(([, title]) => title ?? "");
}

/** Of programs that ran one after the other. */
export function sumCounts(all: readonly Counts[]): Counts {
  const total = (of: keyof Counts) => all.reduce((sum, counts) => sum + counts[of], 0);
  return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
}

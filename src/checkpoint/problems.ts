import { toCryoscopeError } from "../bytes/index.ts";
import type { Problem } from "../criu/index.ts";
import { isCancelled } from "../bytes/index.ts";

/** A value and what could not be read while finding it. */
export interface Part<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** Takes a problem down. Passed to everything that reads, so that one broken image never hides the others. */
export type Report = (problem: Problem) => void;

/** Runs `read` with a place to report to, and gives back its value with what was reported. */
export async function collect<T>(read: (report: Report) => Promise<T>): Promise<Part<T>> {
  const problems: Problem[] = [];
  const value = await read((problem) => problems.push(problem));
  return { value, problems };
}

/** Runs `read`; what it throws becomes a problem of `file` and `fallback` the value. A cancel goes through. */
export async function orReport<T>(
  report: Report,
  file: string,
  fallback: T,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isCancelled(error)) throw error;
    report(asProblem(error, file));
    return fallback;
  }
}

export function asProblem(error: unknown, file?: string): Problem {
  const known = toCryoscopeError(error);
  const where = file ?? known.file;
  return {
    code: known.code,
    message: known.sentence,
    severity: "error",
    ...(where !== undefined && { file: where }),
    ...(known.offset !== undefined && { offset: known.offset }),
  };
}

/** `work` over all items, at most `width` at a time, results in the order of the items. */
export async function mapSome<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      // In range by the loop's condition; the check is for the type.
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

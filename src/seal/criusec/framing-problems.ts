import type { Image, Problem } from "../../criu/index.ts";

/** Of an entry: what follows it cannot be where its lengths say. A record that is broken is noted by itself. */
const LOST = new Set(["criu.truncatedEntry", "criu.badLength", "criu.tooManyParts"]);

/**
 * What is wrong with the lengths within entries that have something behind them: of a sealed image, ciphertext that no
 * record covers, and that would be taken for plaintext. Nothing for images without payloads.
 */
export async function* framingProblems(image: Image): AsyncGenerator<Problem> {
  if (image.type?.payload === undefined) return;
  for await (const { problems } of image.entries())
    for (const problem of problems) if (LOST.has(problem.code)) yield problem;
}

import { readChunks, readExactly, readPieces } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { imageSpanBatches, openImage } from "../../criu/index.ts";
import type { Image, ImageSeal, LabelledSpan } from "../../criu/index.ts";
import { sealErrors } from "../errors.ts";
import { framingProblems } from "./framing-problems.ts";
import { watchRecords } from "./watch-records.ts";

const CHUNK = 1 << 20;

/**
 * A sealed image as CRIU writes it without sealing: records without their tags and nonces, bodies in one piece. What
 * was never sealed comes out as it is. Throws `seal.recordBroken` or `seal.damaged` at the first thing that isn't
 * authentic: what came before must not be kept. With `isReused` a piece is there until the next is asked for only.
 */
export async function* unsealImage(
  name: string,
  source: ByteSource,
  seal: ImageSeal,
  isReused = false,
): AsyncGenerator<Uint8Array> {
  const tried = watchRecords(seal);
  const image = await openImage(name, source, { seal: tried.seal });
  if (image.seal === undefined || /^pages-/.test(name)) {
    yield* isReused ? readPieces(image.plain) : readChunks(image.plain, { chunk: CHUNK });
    return;
  }
  const problem = image.problems.find(({ severity }) => severity === "error");
  if (problem) throw sealErrors.damaged({ file: name, offset: problem.offset ?? 0 }, problem.message);
  for await (const { offset = 0, message } of framingProblems(image))
    throw sealErrors.damaged({ file: name, offset }, message);
  for await (const { start, end } of keptSpans(image))
    for (let at = start; at < end; at += CHUNK) {
      const bytes = await readExactly(image.plain, at, Math.min(CHUNK, end - at), { file: name });
      const [broken] = tried.broken();
      if (broken !== undefined) throw sealErrors.recordBroken({ file: name, offset: broken });
      yield bytes;
    }
}

/** What stays of a sealed image, neighbouring spans as one. */
async function* keptSpans(image: Image): AsyncGenerator<{ start: number; end: number }> {
  const isOutput = image.type?.payload === "text-output" || image.type?.payload === "targz-output";
  let open: { start: number; end: number } | undefined;
  for await (const batch of imageSpanBatches(image))
    for (const span of batch) {
      if (!isKept(span, isOutput)) continue;
      if (open?.end === span.start) open.end = span.end;
      else {
        if (open) yield open;
        open = { start: span.start, end: span.end };
      }
    }
  if (open) yield open;
}

/** The lengths and paddings that frame sealed bodies aren't in plain ones. */
function isKept({ kind, start, end }: LabelledSpan, isOutput: boolean): boolean {
  if (kind === "seal") return false;
  return !((kind === "size" && end - start === 8) || (kind === "padding" && isOutput));
}

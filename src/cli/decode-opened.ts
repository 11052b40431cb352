// The part of `cryoscope decode` that most images do without: those with payloads, sealed ones, damaged ones.
import { critPieces } from "../criu/index.ts";
import type { CritOptions, Image } from "../criu/index.ts";
import { EXIT } from "./command.ts";
import type { ExitCode } from "./command.ts";
import { openedImage } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import type { KeyFiles } from "./keys.ts";

/** Problems that leave nothing to decode. */
const NO_IMAGE = new Set(["criu.empty", "criu.shortHeader", "criu.noMagic"]);

/**
 * Writes the JSON of an image, or the rest of it, from entry `from` on. Nothing is written for what is no image, or can't
 * be opened. Throws what opening the keys and the seal throw, and `seal.keyNeeded`.
 */
export function decodeOpened(
  file: ImageFile,
  keys: KeyFiles,
  options: CritOptions,
  write: (text: string | Uint8Array) => Promise<void>,
): Promise<ExitCode> {
  return openedImage(file, keys, async ({ image, hasCipher }) => {
    if (hasProblem(image, (code) => code === "criu.sealed")) {
      const { sealedError } = await import("./layer.ts");
      throw sealedError(file.path, hasCipher);
    }
    for (const problem of image.problems) options.report?.(problem);
    if (hasProblem(image, (code) => NO_IMAGE.has(code))) return EXIT.unreadable;
    for await (const piece of critPieces(image, options)) await write(piece);
    return EXIT.done;
  });
}

function hasProblem({ problems }: Image, test: (code: string) => boolean): boolean {
  return problems.some(({ code }) => test(code));
}

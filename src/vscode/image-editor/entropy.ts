import { sampleEntropy } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { EntropyPart } from "../../protocol/index.ts";

const MAX_PARTS = 1024;

/** The entropy along an image; the same for all views of one height, so it is kept. */
export class ImageEntropy {
  #parts = 0;
  #known: Promise<readonly EntropyPart[]> | undefined;

  of(source: ByteSource, wanted: number): Promise<readonly EntropyPart[]> {
    const parts = Math.max(1, Math.min(MAX_PARTS, Math.floor(wanted)));
    if (this.#known && parts === this.#parts) return this.#known;
    const sampling = sampleEntropy(source, parts);
    this.#parts = parts;
    this.#known = sampling;
    sampling.catch(() => {
      if (this.#known === sampling) this.#known = undefined;
    });
    return sampling;
  }
}

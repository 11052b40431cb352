import { linearMemory, XOR_SLACK } from "../../bytes/index.ts";
import type { XorPages, LinearMemory } from "../../bytes/index.ts";
import type { BlockCipher } from "./blocks.ts";

/**
 * Bytes that are opened in one call: they stay in the processor's cache, and are fewer than those for which a runtime asks the
 * system for memory each time (128 KiB with glibc).
 */
export const STEP = 112 * 1024;

/** A line of the processor's cache. */
const ALIGN = 64;

/** Pages that are deciphered or enciphered under the mask of one tweak, in memory that is used again. */
export class MaskedPages {
  readonly pageSize: number;
  readonly size: number;
  /** Room for `size` bytes, in whole pages; for one at least. */
  readonly bytes: Uint8Array;
  readonly #step: number;
  readonly #all: Uint8Array;
  readonly #mask: (at: number, length: number) => void;

  /** `mask` has a page's length, and is overwritten. */
  constructor(mask: Uint8Array, size: number, xor: (memory: LinearMemory) => XorPages) {
    this.pageSize = mask.length;
    this.size = size;
    const whole = (bytes: number): number => Math.max(1, Math.floor(bytes / mask.length)) * mask.length;
    this.#step = whole(STEP);
    const begin = Math.ceil((this.pageSize + XOR_SLACK) / ALIGN) * ALIGN;
    const end = begin + whole(size);
    const memory = linearMemory(end + XOR_SLACK);
    this.#all = new Uint8Array(memory.buffer);
    this.#all.set(mask);
    mask.fill(0);
    this.bytes = this.#all.subarray(begin, end);
    const combine = xor(memory);
    this.#mask = (at, length) => {
      combine(begin + at, 0, this.pageSize, length / this.pageSize);
    };
  }

  /** The first `length` bytes in their place. */
  inPlace(blocks: BlockCipher, dataKey: Uint8Array, length: number): void {
    for (let at = 0; at < length; at += this.#step) {
      const step = Math.min(this.#step, length - at);
      this.#mask(at, step);
      blocks.inPlace(dataKey, this.bytes.subarray(at, at + step));
      this.#mask(at, step);
    }
  }

  /** The pages, which all have room here, in new memory. */
  copy(blocks: BlockCipher, dataKey: Uint8Array, pages: Uint8Array): Buffer {
    const here = this.bytes.subarray(0, pages.length);
    here.set(pages);
    this.#mask(0, pages.length);
    // What the runtime has made is the result: memory that was never touched costs as much as deciphering.
    const done = blocks.update(dataKey, here);
    here.set(done);
    this.#mask(0, pages.length);
    done.set(here);
    return done;
  }

  /** Overwrites everything, the mask too. */
  wipe(): void {
    this.#all.fill(0);
  }
}

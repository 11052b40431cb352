import type { MemoryBytes, MemoryOrigin, MemoryRange } from "../../src/protocol/index.ts";

/** Bytes are asked for in blocks of this size: a page on most machines. */
export const BLOCK = 4096;
/** Blocks that are kept: some screens around where one is. */
const KEPT = 192;

/** A byte as far as it is known. */
export type Known =
  "asked" | { readonly error: string } | { readonly value: number; readonly origin: MemoryOrigin };

interface Block {
  readonly bytes: Uint8Array;
  /** Where each origin begins. */
  readonly origins: readonly { readonly at: number; readonly origin: MemoryOrigin }[];
}

type State = "asked" | { readonly error: string } | Block;

/** The bytes of an address space, asked for block by block as they are looked at. */
export class MemoryPages {
  /** Grows when bytes come. */
  version = 0;
  readonly #ask: (range: MemoryRange) => Promise<MemoryBytes>;
  readonly #came: () => void;
  /** By the block's number; what was used last is last. */
  readonly #blocks = new Map<bigint, State>();

  constructor(ask: (range: MemoryRange) => Promise<MemoryBytes>, came: () => void) {
    this.#ask = ask;
    this.#came = came;
  }

  at(address: bigint): Known {
    const number = address / BigInt(BLOCK);
    const block = this.#blocks.get(number) ?? this.#load(number);
    if (block === "asked" || "error" in block) return block;
    const at = Number(address % BigInt(BLOCK));
    const origin = block.origins.findLast((each) => each.at <= at)?.origin;
    const value = block.bytes[at];
    if (origin === undefined || value === undefined) return { error: "The host gave no byte here." };
    return { value, origin };
  }

  /** Bytes from an address on, up to the first that isn't known or can't be had. */
  known(address: bigint, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      const known = this.at(address + BigInt(index));
      if (known === "asked" || "error" in known || known.origin.kind === "unavailable")
        return bytes.slice(0, index);
      bytes[index] = known.value;
    }
    return bytes;
  }

  /** The same once they are there. */
  async read(address: bigint, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes, pieces } = await this.#ask({ start: address.toString(16), length });
    let end = 0;
    for (const piece of pieces) {
      if (piece.origin.kind === "unavailable") break;
      end += piece.length;
    }
    return Uint8Array.from(bytes.subarray(0, end));
  }

  /** Keeps a block from being dropped while it is on the screen. */
  touch(address: bigint): void {
    const number = address / BigInt(BLOCK);
    const state = this.#blocks.get(number);
    if (state === undefined) return;
    this.#blocks.delete(number);
    this.#blocks.set(number, state);
  }

  #load(number: bigint): State {
    this.#blocks.set(number, "asked");
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > KEPT && oldest !== undefined) this.#blocks.delete(oldest);
    void this.#fetch(number);
    return "asked";
  }

  async #fetch(number: bigint): Promise<void> {
    let state: State;
    try {
      const start = (number * BigInt(BLOCK)).toString(16);
      const { bytes, pieces } = await this.#ask({ start, length: BLOCK });
      const origins: { at: number; origin: MemoryOrigin }[] = [];
      let at = 0;
      for (const { length, origin } of pieces) {
        origins.push({ at, origin });
        at += length;
      }
      state = { bytes, origins };
    } catch (error) {
      state = { error: error instanceof Error ? error.message : String(error) };
    }
    this.#blocks.set(number, state);
    this.version++;
    this.#came();
  }
}

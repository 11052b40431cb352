import type { AddressSpace } from "./address-space.ts";

/** Little-endian words of 64 bits at scattered addresses, as programs that follow pointers want them. */
export interface Words {
  /** The word at an address of any alignment; undefined where memory can't be had. */
  at(address: bigint): Promise<bigint | undefined>;
  /** `length` bytes (64 KiB at most), or as many as there are before memory that can't be had. */
  bytes(address: bigint, length: number): Promise<Uint8Array>;
}

interface Block {
  readonly view: DataView;
  /** Bytes from its begin that can be had. */
  readonly size: number;
}

const BLOCK = 64 * 1024;
const BLOCK_BITS = 16n;
const MAX_BLOCKS = 128;
const NONE: Block = { view: new DataView(new ArrayBuffer(0)), size: 0 };

/** Reads through a cache of 8 MiB. */
export function openWords(space: AddressSpace): Words {
  const blocks = new Map<bigint, Block>();
  let lastNumber = -1n;
  let lastBlock = NONE;

  async function load(number: bigint): Promise<Block> {
    if (number === lastNumber) return lastBlock;
    let block = blocks.get(number);
    if (block === undefined) {
      const bytes = new Uint8Array(BLOCK);
      const start = number << BLOCK_BITS;
      let size = 0;
      for (const piece of await space.read(start, BLOCK)) {
        if (!piece.bytes) break;
        const at = Number(piece.address - start);
        bytes.set(piece.bytes, at);
        size = at + piece.bytes.length;
      }
      block = { view: new DataView(bytes.buffer), size };
      if (blocks.size >= MAX_BLOCKS) blocks.delete(blocks.keys().next().value ?? -1n);
      blocks.set(number, block);
    }
    lastNumber = number;
    lastBlock = block;
    return block;
  }

  return {
    async at(address) {
      if (address < 0n || address >> 64n !== 0n) return undefined;
      const { view, size } = await load(address >> BLOCK_BITS);
      const offset = Number(address & BigInt(BLOCK - 1));
      if (offset + 8 <= size) return view.getBigUint64(offset, true);
      // Across two blocks, or behind a gap.
      const bytes = await space.readBytes(address, 8).catch(() => new Uint8Array(0));
      return bytes.length === 8 ? Buffer.from(bytes).readBigUInt64LE() : undefined;
    },
    async bytes(address, length) {
      if (address < 0n || (address + BigInt(length)) >> 64n !== 0n) return new Uint8Array(0);
      return space.readBytes(address, Math.min(length, BLOCK)).catch(() => new Uint8Array(0));
    },
  };
}

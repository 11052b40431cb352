import type { AddressSpace } from "../memory/index.ts";

/** Reads what an interpreter or engine has in memory, all of it or nothing. */
export interface ExactMemory {
  /** A pointer or size; undefined where it can't be had. */
  word(address: bigint): Promise<bigint | undefined>;
  u32(address: bigint): Promise<number | undefined>;
  byte(address: bigint): Promise<number | undefined>;
  /** Exactly so many bytes. */
  bytes(address: bigint, length: number): Promise<Buffer | undefined>;
}

const ADDRESSES = 1n << 64n;

export function exactMemory(space: AddressSpace): ExactMemory {
  const bytes = async (address: bigint, length: number): Promise<Buffer | undefined> => {
    if (address <= 0n || address + BigInt(length) > ADDRESSES) return undefined;
    const found = Buffer.from(await space.readBytes(address, length));
    return found.length < length ? undefined : found;
  };
  return {
    bytes,
    word: async (address) => (await bytes(address, 8))?.readBigUInt64LE(),
    u32: async (address) => (await bytes(address, 4))?.readUInt32LE(),
    byte: async (address) => (await bytes(address, 1))?.readUInt8(),
  };
}

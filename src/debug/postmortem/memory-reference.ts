import type { AddressSpace } from "../../memory/index.ts";
import { UNAVAILABLE } from "../../memory/index.ts";
import { postmortemErrors } from "./errors.ts";

/** A place in the memory of one of the processes. */
export interface MemoryPlace {
  readonly pid: number;
  readonly address: bigint;
}

const ADDRESSES = 1n << 64n;

/** As the protocol passes it around: `12:0x7ffe1000`. */
export const memoryReference = ({ pid, address }: MemoryPlace): string => `${pid}:${hex(address)}`;

/** Reads a reference; a bare address is one of `pid`. Throws `postmortem.badReference`. */
export function parseReference(text: string, pid: number): MemoryPlace {
  const [, process, address] = /^(?:(\d{1,10}):)?(0x[0-9a-f]{1,16}|\d{1,20})$/i.exec(text) ?? [];
  if (address === undefined || BigInt(address) >= ADDRESSES) throw postmortemErrors.badReference(text);
  return { pid: process === undefined ? pid : Number(process), address: BigInt(address) };
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** As much as one request is answered with; whoever wants more asks again. */
const MAX_ANSWER = 4 * 1024 * 1024;

export interface MemoryAnswer {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Bytes behind them that can't be had, as far as was asked. */
  readonly unreadable: number;
  /** Why, in words. */
  readonly why: string | undefined;
}

/** Reads `[address, address + count)` up to the first byte that can't be had. */
export async function readPlace(space: AddressSpace, address: bigint, count: number): Promise<MemoryAnswer> {
  const end = address + BigInt(Math.max(0, Math.min(count, MAX_ANSWER)));
  const length = Number((end > ADDRESSES ? ADDRESSES : end) - address);
  const pieces = address < 0n || length <= 0 ? [] : await space.read(address, length);
  const parts: Uint8Array[] = [];
  let unreadable = 0;
  let why: string | undefined;
  for (const { bytes, origin, length: size } of pieces) {
    if (bytes !== undefined && why === undefined) parts.push(bytes);
    else if (bytes === undefined) {
      unreadable += size;
      if (origin.kind === "unavailable") why ??= UNAVAILABLE[origin.why];
    } else break;
  }
  return { address, bytes: Buffer.concat(parts), unreadable, why };
}

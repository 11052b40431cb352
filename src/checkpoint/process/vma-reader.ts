import type { MessageMap } from "../../criu/index.ts";
import { readVarint } from "./varint.ts";

type Vma = MessageMap["vma_entry"];

/** Fields 1 to 8 are required, 9 (madv) and 10 (fdflags) are not (`images/vma.proto`). All are varints. */
const FIELDS = 10;
const REQUIRED = 8;
const MAX_U32 = 0xffff_ffff;

/**
 * Decodes a `vma_entry` that is as CRIU writes it; undefined for any other, which the decoder has words for. A process may
 * have 100,000, and nobody looks at where in the image their fields are.
 */
export function readVma(bytes: Uint8Array, start: number, end: number): Vma | undefined {
  const values = new Array<number | undefined>(FIELDS + 1);
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at);
    const value = tag && readVarint(bytes, tag.end);
    if (tag === undefined || value === undefined || value.end > end) return undefined;
    const field = tag.value >>> 3;
    const isKnown = (tag.value & 7) === 0 && field >= 1 && field <= FIELDS;
    // A double holds it exactly, or the decoder has to.
    if (!isKnown || value.value > Number.MAX_SAFE_INTEGER) return undefined;
    values[field] = value.value;
    at = value.end;
  }
  const [, from, to, offset, shmid, prot, flags, status, fd, madv, fdflags] = values;
  for (let field = 1; field <= REQUIRED; field++) if (values[field] === undefined) return undefined;
  if (Math.max(prot ?? 0, flags ?? 0, status ?? 0, fdflags ?? 0) > MAX_U32) return undefined;
  return {
    start: BigInt(from ?? 0),
    end: BigInt(to ?? 0),
    pgoff: BigInt(offset ?? 0),
    shmid: BigInt(shmid ?? 0),
    prot: prot ?? 0,
    flags: flags ?? 0,
    status: status ?? 0,
    fd: BigInt(zigzag(fd ?? 0)),
    ...(madv !== undefined && { madv: BigInt(madv) }),
    ...(fdflags !== undefined && { fdflags }),
  };
}

/** The sign of sint64 is its lowest bit. */
const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

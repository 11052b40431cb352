// Reads ELF cores as far as the tests need it: by offsets from elf(5), not by the code under test.
import { readFile } from "node:fs/promises";

export interface CoreNote {
  readonly name: string;
  readonly type: number;
  readonly content: Buffer;
}

export interface CoreSegment {
  readonly start: bigint;
  readonly size: bigint;
  readonly bytes: Buffer;
  readonly flags: number;
}

export interface ReadCore {
  readonly machine: number;
  readonly notes: readonly CoreNote[];
  readonly segments: readonly CoreSegment[];
}

export async function readCore(path: string): Promise<ReadCore> {
  const file = await readFile(path);
  if (file[4] === 1) return readCore32(file);
  const at = Number(file.readBigUInt64LE(32));
  const count = file.readUInt16LE(56);
  const headers = Array.from({ length: count }, (_, index) =>
    file.subarray(at + index * 56, at + index * 56 + 56),
  );
  const stored = (header: Buffer): Buffer => {
    const offset = Number(header.readBigUInt64LE(8));
    return file.subarray(offset, offset + Number(header.readBigUInt64LE(32)));
  };
  const note = headers.find((header) => header.readUInt32LE(0) === 4);
  return {
    machine: file.readUInt16LE(18),
    notes: note ? notesIn(stored(note)) : [],
    segments: headers
      .filter((header) => header.readUInt32LE(0) === 1)
      .map((header) => ({
        start: header.readBigUInt64LE(16),
        size: header.readBigUInt64LE(40),
        bytes: stored(header),
        flags: header.readUInt32LE(4),
      })),
  };
}

/** The flags come last but one in 32 bits. */
function readCore32(file: Buffer): ReadCore {
  const at = file.readUInt32LE(28);
  const headers = Array.from({ length: file.readUInt16LE(44) }, (_, index) =>
    Array.from({ length: 8 }, (_each, word) => file.readUInt32LE(at + index * 32 + word * 4)),
  );
  const note = headers.find(([type]) => type === 4);
  return {
    machine: file.readUInt16LE(18),
    notes: note ? notesIn(file.subarray(note[1], (note[1] ?? 0) + (note[4] ?? 0))) : [],
    segments: headers
      .filter(([type]) => type === 1)
      .map(([, offset = 0, start = 0, , stored = 0, size = 0, flags = 0]) => ({
        ...{ start: BigInt(start), size: BigInt(size), flags },
        bytes: file.subarray(offset, offset + stored),
      })),
  };
}

function notesIn(bytes: Buffer): readonly CoreNote[] {
  const notes: CoreNote[] = [];
  const padded = (size: number): number => Math.ceil(size / 4) * 4;
  for (let at = 0; at + 12 <= bytes.length;) {
    const [nameSize, size, type] = [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const content = at + 12 + padded(nameSize);
    notes.push({
      name: bytes.toString("latin1", at + 12, at + 12 + nameSize - 1),
      type,
      content: bytes.subarray(content, content + size),
    });
    at = content + padded(size);
  }
  return notes;
}

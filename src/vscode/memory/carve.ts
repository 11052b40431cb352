import type { CoreSink } from "../../corefile/index.ts";
import type { AddressSpace, ElfHeader, Module } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";
import { saveRange } from "./save.ts";
import type { SaveOptions } from "./save.ts";

const PT_LOAD = 1;
/** No program that is run has more; a header that says so is not to be believed. */
const MAX_SIZE = 4 * 1024 ** 3;

/** Fields of the ELF header that name the table of sections, which is never loaded: offset and size of each. */
const SECTION_FIELDS = {
  64: [
    [40, 8],
    [60, 2],
    [62, 2],
  ],
  32: [
    [32, 4],
    [48, 2],
    [50, 2],
  ],
} as const;

/**
 * Writes a module as a file again: each segment that is loaded at its place, with what the process wrote to it. Gives
 * how many bytes could not be had; they are zero. The table of sections is not in memory, so the header says there is
 * none. Throws `memoryView.noElf` and `memoryView.elfTooBig`.
 */
export async function carveModule(
  space: AddressSpace,
  { start, name, header }: Module,
  sink: CoreSink,
  options: SaveOptions,
): Promise<number> {
  if (header === undefined) throw memoryViewErrors.noElf(name);
  const segments = header.segments.filter(({ type, fileSize }) => type === PT_LOAD && fileSize > 0);
  const [first] = segments;
  const size = Math.max(0, ...segments.map(({ offset, fileSize }) => offset + fileSize));
  if (first === undefined) throw memoryViewErrors.noElf(name);
  if (size > MAX_SIZE) throw memoryViewErrors.elfTooBig(name, size);
  // Where address 0 of the file's own count lies in memory.
  const bias = start - (first.address - BigInt(first.offset));
  let missing = 0;
  for (const { address, offset, fileSize } of segments) {
    const from = BigInt.asUintN(64, bias + address);
    missing += await saveRange(space, from, from + BigInt(fileSize), shifted(sink, offset), options);
  }
  await forgetSections(header, sink);
  await sink.end(size);
  return missing;
}

/** A sink whose byte 0 is byte `by` of another; its end is not the end of the other. */
const shifted = (sink: CoreSink, by: number): CoreSink => ({
  write: (offset, bytes) => sink.write(by + offset, bytes),
  end: () => Promise.resolve(),
});

async function forgetSections({ is64 }: ElfHeader, sink: CoreSink): Promise<void> {
  for (const [offset, size] of SECTION_FIELDS[is64 ? 64 : 32]) await sink.write(offset, new Uint8Array(size));
}

import { NT } from "../../memory/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import { corefileErrors } from "../errors.ts";
import type { Machine, Note } from "../machines/index.ts";

/** The kernel's own bound on mappings is far below. */
const MOST = 1_048_576;

/**
 * The mapped files: count, page size, then start, end and offset in pages of each, then their names
 * (`fs/binfmt_elf.c: fill_files_note`). Throws `corefile.tooManyFiles`.
 */
export function fileNote({ areas, pageSize }: AddressSpace, { word }: Machine): Note {
  const files = areas.filter(({ fileId, name }) => fileId !== undefined && name !== undefined);
  if (files.length > MOST) throw corefileErrors.tooManyFiles(files.length);
  const writer = new BytesWriter(word).long(BigInt(files.length)).long(BigInt(pageSize));
  for (const { start, end, offset } of files)
    writer
      .long(start)
      .long(end)
      .long(offset / BigInt(pageSize));
  for (const { name } of files) writer.bytes(Buffer.from(`${name ?? ""}\0`));
  return { name: "CORE", type: NT.file, content: writer.done() };
}

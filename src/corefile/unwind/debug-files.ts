import type { FileTree } from "../../archive/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { readBuildId } from "../../memory/index.ts";
import { openElfFile } from "../elf/elf-file.ts";
import type { ElfFile } from "../elf/elf-file.ts";

/** Where distributions put what they strip from programs, by build id. */
const FOLDER = "usr/lib/debug/.build-id";

export interface DebugFile {
  readonly elf: ElfFile;
  /** To be closed when the file is no longer needed. */
  readonly source: ByteSource;
}

/** The debug file of a program that was stripped; undefined when it wasn't, or `sysroot` has none of its build id. */
export async function findDebugFile(sysroot: FileTree, program: ElfFile): Promise<DebugFile | undefined> {
  const { source, header } = program;
  if (source === undefined || program.section(".symtab") !== undefined) return undefined;
  const id = await readBuildId(source, header);
  if (id === undefined || id.length < 4) return undefined;
  const path = `${FOLDER}/${id.slice(0, 2)}/${id.slice(2)}.debug`;
  const entry = await sysroot.stat(path).catch(() => undefined);
  if (entry?.kind !== "file") return undefined;
  const opened = await sysroot.open(path);
  const elf = await openElfFile(opened).catch(() => undefined);
  // The name of a file is nobody's word for what is in it.
  if (elf?.source && (await readBuildId(elf.source, elf.header).catch(() => undefined)) === id)
    return { elf, source: opened };
  await opened.close?.();
  return undefined;
}

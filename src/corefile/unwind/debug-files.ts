import { posix } from "node:path";
import type { FileTree } from "../../archive/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { buildIdIn, readBuildId } from "../../memory/index.ts";
import { openElfFile } from "../elf/elf-file.ts";
import type { ElfFile } from "../elf/elf-file.ts";

/** Where distributions put what they strip from programs, by build id. */
const FOLDER = "usr/lib/debug/.build-id";

/** Where Debian puts what debug files of a package share. */
const SHARED = "usr/lib/debug/.dwz";
/** The name and the build id. */
const MAX_LINK = 4096 + 64;
const MAX_NOTE = 4096;

export interface DebugFile {
  readonly elf: ElfFile;
  /** Path in the sysroot. */
  readonly path: string;
  /** To be closed when the file is no longer needed. */
  readonly source: ByteSource;
}

/** The debug file of a program that was stripped; undefined when it wasn't, or `sysroot` has none of its build id. */
export async function findDebugFile(sysroot: FileTree, program: ElfFile): Promise<DebugFile | undefined> {
  const { source, header } = program;
  if (source === undefined || program.section(".symtab") !== undefined) return undefined;
  const id = await readBuildId(source, header);
  if (id === undefined || id.length < 4) return undefined;
  return openOfId(sysroot, pathOf(id), id);
}

const pathOf = (id: string): string => `${FOLDER}/${id.slice(0, 2)}/${id.slice(2)}.debug`;

async function openOfId(sysroot: FileTree, path: string, id: string): Promise<DebugFile | undefined> {
  const entry = await sysroot.stat(path).catch(() => undefined);
  if (entry?.kind !== "file") return undefined;
  const opened = await sysroot.open(path);
  const elf = await openElfFile(opened).catch(() => undefined);
  // The name of a file is nobody's word for what is in it.
  if (elf && (await buildIdOf(elf).catch(() => undefined)) === id) return { elf, path, source: opened };
  await opened.close?.();
  return undefined;
}

/** A file that dwz makes has sections only, no segment with the note. */
async function buildIdOf(elf: ElfFile): Promise<string | undefined> {
  const inSegment = elf.source && (await readBuildId(elf.source, elf.header));
  if (inSegment !== undefined) return inSegment;
  const section = elf.section(".note.gnu.build-id");
  if (section === undefined || section.size > MAX_NOTE) return undefined;
  return buildIdIn(await elf.content(section, MAX_NOTE), elf.header.littleEndian);
}

/** The file that dwz has moved debug information to, as the one that it was moved from names it. */
export interface AlternateLink {
  readonly name: string;
  /** In hexadecimal digits. */
  readonly id: string;
}

/** `.gnu_debugaltlink`: a name that ends with a zero byte, then the build id. Undefined where there is none or it is damaged. */
export async function alternateLink(debug: ElfFile): Promise<AlternateLink | undefined> {
  const section = debug.section(".gnu_debugaltlink");
  if (section === undefined || section.size > MAX_LINK) return undefined;
  const content = Buffer.from(await debug.content(section, MAX_LINK).catch(() => new Uint8Array(0)));
  const end = content.indexOf(0);
  const id = content.subarray(end + 1).toString("hex");
  return end < 0 || id.length < 4 ? undefined : { name: content.toString("utf8", 0, end), id };
}

/** The alternate file, by its build id or its name; `from` is the path of the file that names it. Its build id is the link's. */
export async function findAlternateFile(
  sysroot: FileTree,
  { name, id }: AlternateLink,
  from: string,
): Promise<DebugFile | undefined> {
  const named = posix.resolve("/", posix.dirname(from), name).slice(1);
  for (const path of [pathOf(id), named, `${SHARED}/${posix.basename(name)}`]) {
    const found = await openOfId(sysroot, path, id).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

import type { ByteSource } from "../../bytes/index.ts";
import type { CheckpointMemory } from "../checkpoint-memory.ts";
import { PT } from "../files/elf-constants.ts";
import { readBuildId, readElfHeader } from "../files/elf.ts";
import type { ElfHeader } from "../files/elf.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Area } from "../space/areas.ts";

/** An ELF file in the memory of a process. */
export interface Module {
  readonly pid: number;
  /** Where its first and behind its last mapping. */
  readonly start: bigint;
  readonly end: bigint;
  /** Path of the file, or `[vdso]`. */
  readonly name: string;
  /** Hexadecimal; undefined when it has none, or nothing here knows it. */
  readonly buildId: string | undefined;
  /** Where the build id was read: in memory (dumped pages or the file behind them), or what CRIU noted of the file. */
  readonly from: "memory" | "images" | undefined;
  /** What the ELF header in memory says; undefined when its page can't be had. */
  readonly header: ElfHeader | undefined;
  /**
   * `file`: its code is the file's. `modified`: it is not. `copied`: pages of it were dumped, as they are when anybody
   * wrote to them (CRIU does so at the program's first ones), and the file isn't here to compare them with.
   */
  readonly code: "file" | "copied" | "modified";
}

/** Room behind an ELF's start for its program headers and notes. */
const HEAD = 1024 * 1024;

/** The modules of a process, by address: mapped files that are ELF or have code, and the vDSO. */
export async function listModules(memory: CheckpointMemory, pid: number): Promise<readonly Module[]> {
  const space = await memory.space(pid);
  const modules: Module[] = [];
  for (const areas of groups(space.areas)) {
    const [first] = areas;
    if (first === undefined) continue;
    const header = first.offset === 0n ? await headerAt(space, first.start) : undefined;
    const isCode = areas.some(({ permissions }) => permissions.includes("x"));
    if (header === undefined && !isCode) continue;
    modules.push(await describe(memory, space, areas, first, header));
  }
  return modules;
}

/** Mappings of one file in a row; the loader maps a library's parts one behind the other. */
function groups(areas: readonly Area[]): readonly (readonly Area[])[] {
  const groups: Area[][] = [];
  for (const area of areas) {
    const isVdso = area.kind === "vdso";
    if (area.kind !== "file" && !isVdso) continue;
    const group = groups.at(-1);
    const last = group?.at(-1);
    // The same file again from its start is another copy of it.
    const goesOn =
      last && last.fileId === area.fileId && !isVdso && area.offset >= last.offset && area.offset > 0n;
    if (goesOn) group?.push(area);
    else groups.push([area]);
  }
  return groups;
}

async function headerAt(space: AddressSpace, address: bigint): Promise<ElfHeader | undefined> {
  return readElfHeader(memorySource(space, address));
}

async function describe(
  memory: CheckpointMemory,
  space: AddressSpace,
  areas: readonly Area[],
  first: Area,
  header: ElfHeader | undefined,
): Promise<Module> {
  const file = first.fileId === undefined ? undefined : await memory.files.get(first.fileId);
  const noted = file?.kind === "file" ? file.buildId : undefined;
  // In memory a segment is at its address, counted from that of the first one, where the file begins.
  const base = header?.segments.find(({ type }) => type === PT.load)?.address ?? 0n;
  const found =
    header &&
    (await readBuildId(memorySource(space, first.start), header, ({ address }) => Number(address - base)));
  return {
    pid: space.pid,
    start: first.start,
    end: areas.at(-1)?.end ?? first.end,
    name: first.name ?? first.kind,
    buildId: found ?? noted,
    from: found === undefined ? (noted === undefined ? undefined : "images") : "memory",
    header,
    code: await codeOf(memory, space, areas),
  };
}

/** Compares code that was dumped with the file's. */
async function codeOf(
  memory: CheckpointMemory,
  space: AddressSpace,
  areas: readonly Area[],
): Promise<Module["code"]> {
  let code: Module["code"] = "file";
  for (const { start, end, permissions, kind, offset, fileId } of areas) {
    if (kind !== "file" || fileId === undefined || !permissions.includes("x")) continue;
    for (const { first, last, origin } of space.runs(start, end)) {
      if (origin.kind !== "dumped" && origin.kind !== "layer") continue;
      const found = await memory.files.find(fileId);
      if (typeof found === "string") {
        code = "copied";
        continue;
      }
      const length = Math.min((last - first) * space.pageSize, MAX_COMPARED);
      const address = BigInt(first) * BigInt(space.pageSize);
      const inFile = await found.source.read(Number(address - start + offset), length);
      const inMemory = await space.readBytes(address, length);
      // Behind the end of the file, its last page is zero.
      const isSame = inMemory.every((byte, index) => byte === (inFile[index] ?? 0));
      if (!isSame) return "modified";
    }
  }
  return code;
}

/** Of a run of dumped code, so much is compared. */
const MAX_COMPARED = 16 * 1024 * 1024;

/** Memory from `start` on as a source; it ends where bytes can't be had. */
function memorySource(space: AddressSpace, start: bigint): ByteSource {
  return {
    size: HEAD,
    read: (offset, length) =>
      offset < 0 || offset >= HEAD
        ? Promise.resolve(new Uint8Array(0))
        : space.readBytes(start + BigInt(offset), Math.min(length, HEAD - offset)),
  };
}

import type { FileTree } from "../../archive/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { PT, readElfHeader } from "../../memory/index.ts";
import type { AddressSpace, Area, CheckpointMemory, FileOrigin } from "../../memory/index.ts";
import { openCallFrames } from "../dwarf/call-frames.ts";
import type { CallFrames } from "../dwarf/call-frames.ts";
import { openDebugInfo } from "../dwarf/info/index.ts";
import type { DebugInfo } from "../dwarf/info/index.ts";
import { openLines } from "../dwarf/lines.ts";
import type { Lines } from "../dwarf/lines.ts";
import { elfErrors } from "../elf/errors.ts";
import { elfInMemory, openElfFile } from "../elf/elf-file.ts";
import type { ElfFile } from "../elf/elf-file.ts";
import { openGoFunctions } from "../elf/go-functions.ts";
import type { GoFunctions } from "../elf/go-functions.ts";
import { openSymbols } from "../elf/symbols.ts";
import type { Symbols } from "../elf/symbols.ts";
import { onceOf } from "./damage.ts";
import type { DamagedModule, OnDamage } from "./damage.ts";
import { alternateLink, findAlternateFile, findDebugFile } from "./debug-files.ts";
import type { AlternateLink } from "./debug-files.ts";

/** A program or library where a process has it. */
export interface LoadedModule {
  /** Path in the process's root, or `[vdso]`. */
  readonly name: string;
  /** What is added to the linker's addresses. */
  readonly bias: bigint;
  readonly elf: ElfFile;
  /** Where its bytes come from: the file, or only what is in memory of it. */
  readonly from: FileOrigin | "memory";
  readonly frames: CallFrames;
  readonly symbols: Symbols;
  readonly lines: Lines;
  readonly debugInfo: DebugInfo;
  /** What Go's linker left in a program, which has no call frame information when it is stripped. */
  readonly go: GoFunctions;
  /** To be told what was thrown by one of these. */
  readonly onDamage: OnDamage;
}

/** The modules of one process, each opened when an address in it is first asked for. */
export interface LoadedModules {
  /** The module that has `address`; undefined for other memory, and where nothing is known of the file. */
  at(address: bigint): Promise<LoadedModule | undefined>;
  /** Every module of the process, in the order of their addresses. */
  all(): Promise<readonly LoadedModule[]>;
  /** Closes the debug files that were opened. */
  close(): Promise<void>;
}

const PAGE_BITS = 12n;
/** How far back the start of a module is looked for, in mappings. */
const MAX_PARTS = 64;
/** Segments of one loading are no further from where their offsets would have them. */
const APART = 1n << 30n;
/** Room behind an ELF's start for its program headers. */
const HEAD = 1024 * 1024;
const MAX_MODULES = 4096;

/**
 * The modules of the process that `space` is of. Symbols and lines that were stripped from a program are taken from its
 * debug file where `sysroot`, which stays the caller's, has one. Each module with damaged debug information is told of once.
 */
export function loadedModules(
  memory: CheckpointMemory,
  space: AddressSpace,
  sysroot?: FileTree,
  tell: (damaged: DamagedModule) => void = () => undefined,
): LoadedModules {
  const debugFiles: ByteSource[] = [];
  const opened = new Map<string, Promise<LoadedModule | undefined>>();
  const files = new Map<number, Promise<ElfFile | undefined>>();
  /** A file may be loaded many times, and its symbols are megabytes: only the bias is of each loading's own. */
  const loadings = new Map<ElfFile, Promise<LoadedModule>>();

  async function open(area: Area, start: Area): Promise<LoadedModule | undefined> {
    const { fileId } = area;
    const found = fileId === undefined ? "noFile" : await memory.files.find(fileId);
    let elf: ElfFile | undefined;
    let from: LoadedModule["from"] = "memory";
    if (fileId !== undefined && typeof found === "object") {
      const known = files.get(fileId) ?? openElfFile(found.source);
      files.set(fileId, known);
      elf = await known;
      from = found.from;
    } else if (area.kind === "vdso") elf = await openElfFile(memorySource(space, start));
    const bias = elf ? biasOf(elf, start) : undefined;
    if (elf && bias !== undefined) {
      const known = loadings.get(elf) ?? withDebugFiles(area, elf, { bias, from });
      loadings.set(elf, known);
      return { ...(await known), bias };
    }
    const header = await readElfHeader(memorySource(space, start));
    const first = header?.segments.find(({ type }) => type === PT.load);
    if (header === undefined || first === undefined) return undefined;
    const moved = start.start - pageOf(first.address);
    const inMemory = elfInMemory(header, (address, length) =>
      space.readBytes(BigInt.asUintN(64, address + moved), length).catch(() => new Uint8Array(0)),
    );
    return described(area, inMemory, { bias: moved, from: "memory", tell });
  }

  async function withDebugFiles(
    area: Area,
    elf: ElfFile,
    loading: Pick<LoadedModule, "bias" | "from">,
  ): Promise<LoadedModule> {
    const debug = sysroot && (await findDebugFile(sysroot, elf));
    if (debug?.source) debugFiles.push(debug.source);
    const link = await alternateLink(debug?.elf ?? elf);
    const shared =
      link && sysroot && (await findAlternateFile(sysroot, link, debug?.path ?? area.name ?? ""));
    if (shared) debugFiles.push(shared.source);
    return described(area, elf, { ...loading, debug: debug?.elf, alternate: shared?.elf ?? link, tell });
  }

  function inArea(index: number): Promise<LoadedModule | undefined> {
    const area = space.areas[index];
    if (area === undefined || (area.kind !== "file" && area.kind !== "vdso"))
      return Promise.resolve(undefined);
    const start = startOf(space.areas, index);
    const key = `${area.fileId ?? area.kind} ${start.start}`;
    if (opened.size > MAX_MODULES) for (const kept of [opened, loadings]) kept.clear();
    // What can't be read of one module should not end the walk of a stack.
    const module = opened.get(key) ?? open(area, start).catch(() => undefined);
    opened.set(key, module);
    return module;
  }

  return {
    at: (address) => inArea(areaIndex(space.areas, address)),
    async all() {
      const modules = new Set<LoadedModule>();
      for (const [index, { permissions }] of space.areas.entries()) {
        const module = permissions.includes("x") ? await inArea(index) : undefined;
        if (module) modules.add(module);
      }
      return [...modules];
    },
    async close() {
      await Promise.allSettled(opened.values());
      for (const source of debugFiles.splice(0)) await source.close?.();
    },
  };
}

/** Index of the area that has `address`, or -1. There may be 100,000, and walks of stacks ask for each of their words. */
function areaIndex(areas: readonly Area[], address: bigint): number {
  let low = 0;
  let high = areas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((areas[middle]?.end ?? 0n) > address) high = middle;
    else low = middle + 1;
  }
  return (areas[low]?.start ?? address + 1n) <= address ? low : -1;
}

/** The first mapping of the file that the mapping at `index` is part of: its parts lie one behind the other. */
function startOf(areas: readonly Area[], index: number): Area {
  const area = areas[index];
  let start = area;
  for (let at = index - 1; at >= 0 && at >= index - MAX_PARTS && start; at--) {
    const before = areas[at];
    // Of a small program every segment may lie in the file's first page, as LLVM's linker lays them.
    if (start.offset === 0n && (start.fileId === undefined || before?.end !== start.start)) break;
    if (before?.fileId !== area?.fileId || !before) continue;
    if (isSameCode(before, start)) break;
    if (isOneWith(before, start)) start = before;
  }
  // The caller has seen that there is an area.
  return start as Area;
}

/**
 * Whether two mappings have the same code of a file: what lies before is another loading then. V8 maps its code once more
 * for each of its isolates, which may be near each other. Segments that follow each other may share a page.
 */
const isSameCode = (before: Area, after: Area): boolean =>
  before.permissions.includes("x") &&
  after.permissions.includes("x") &&
  before.offset <= after.offset &&
  after.offset + (1n << PAGE_BITS) < before.offset + (before.end - before.start);

/** Whether two mappings of a file are of one loading. */
function isOneWith(before: Area, after: Area): boolean {
  const moved = after.start - after.offset - (before.start - before.offset);
  return before.offset <= after.offset && (moved < 0n ? -moved : moved) < APART;
}

/** How far a file was moved, from where one of its mappings lies. */
function biasOf({ header }: ElfFile, { start, offset }: Area): bigint | undefined {
  const segment = header.segments.find(
    (each) =>
      each.type === PT.load &&
      pageOf(BigInt(each.offset)) <= offset &&
      offset < BigInt(each.offset) + BigInt(each.fileSize),
  );
  return segment && start - (segment.address - BigInt(segment.offset) + offset);
}

const pageOf = (address: bigint): bigint => (address >> PAGE_BITS) << PAGE_BITS;

interface Found extends Pick<LoadedModule, "bias" | "from"> {
  /** The file with what was stripped from the program. */
  readonly debug?: ElfFile | undefined;
  /** What dwz has moved out of it; the link where that isn't found. */
  readonly alternate?: ElfFile | AlternateLink | undefined;
  readonly tell: (damaged: DamagedModule) => void;
}

function described(
  area: Area,
  elf: ElfFile,
  { bias, from, debug = elf, alternate, tell }: Found,
): LoadedModule {
  const name = area.name ?? `[${area.kind}]`;
  const onDamage = onceOf(name, tell);
  const isFound = alternate !== undefined && "header" in alternate;
  if (alternate && !isFound) onDamage(elfErrors.noAlternate(alternate.name));
  const go = openGoFunctions(elf);
  const lines = linesOr(openLines(debug, onDamage), go);
  return {
    ...{ name, bias, elf, from, onDamage },
    frames: firstOf(openCallFrames(elf), debug === elf ? undefined : openCallFrames(debug)),
    symbols: symbolsOr(openSymbols(debug), go),
    go,
    lines,
    debugInfo: openDebugInfo(debug, lines, onDamage, isFound ? alternate : undefined),
  };
}

/** Stripped programs of Go still tell their functions and lines in a table of their own. */
const symbolsOr = (symbols: Symbols, go: GoFunctions): Symbols => ({
  ...symbols,
  at: async (address) => (await symbols.at(address)) ?? go.at(address),
});
const linesOr = (lines: Lines, go: GoFunctions): Lines => ({
  file: (program, index) => lines.file(program, index),
  at: async (address) => (await lines.at(address)) ?? (await go.at(address))?.source,
});

/** The call frames of a program, and where it has none for an address, those of its debug file. */
const firstOf = (frames: CallFrames, debug: CallFrames | undefined): CallFrames => ({
  at: async (address) => (await frames.at(address)) ?? debug?.at(address),
});

function memorySource(space: AddressSpace, { start }: Area): ByteSource {
  return {
    size: HEAD,
    read: (offset, length) =>
      offset < 0 || offset >= HEAD
        ? Promise.resolve(new Uint8Array(0))
        : space.readBytes(start + BigInt(offset), Math.min(length, HEAD - offset)),
  };
}

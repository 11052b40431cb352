import { openHeap, usableSize } from "../analysis/index.ts";
import type { Arena, ChunkState, HeapChunk, MallocHeap } from "../analysis/index.ts";
import { openTree } from "../archive/index.ts";
import { loadedModules } from "../corefile/index.ts";
import type { AddressSpace, CheckpointMemory } from "../memory/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { hex, MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string" },
  chunks: { type: "boolean" },
  state: { type: "string", multiple: true, default: [] as string[] },
} as const;

const STATES: Readonly<Record<ChunkState, true>> = {
  used: true,
  free: true,
  tcache: true,
  fastbin: true,
  top: true,
  cache: true,
};
/** Chunks in one document, which is made in memory. */
const MAX_JSON = 1_000_000;

type Sums = Map<ChunkState, { count: number; bytes: bigint }>;

/** `cryoscope heap CHECKPOINT --pid N`: the blocks of glibc's malloc. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("heap", args, OPTIONS, "CHECKPOINT");
  if (values.pid === undefined) throw cliErrors.usage("--pid is missing.", "heap");
  const pid = parseCount(values.pid, "--pid", "heap");
  const wrong = values.state.find((state) => !Object.hasOwn(STATES, state));
  if (wrong !== undefined)
    throw cliErrors.usage(`--state is one of ${Object.keys(STATES).join(", ")}, not "${wrong}".`, "heap");
  const states = new Set(values.state);
  const asJson = values.json === true;
  const isShown = ({ state }: HeapChunk): boolean => states.size === 0 || states.has(state);
  return withMemory(path, values, async (memory) => {
    const space = await memory.space(pid);
    const heap = await openHeap(space, { mainArena: await mainArena(memory, space, values.sysroot) });
    const arenas: object[] = [];
    let listed = 0;
    const parts: readonly (Arena | undefined)[] = heap ? [...heap.arenas, undefined] : [];
    for (const arena of heap ? parts : []) {
      const sums: Sums = new Map();
      const chunks: object[] = [];
      const head = `${headOf(arena)}\n`;
      if (!asJson && arena) await output.write(head);
      for await (const chunk of chunksOf(heap, arena)) {
        // Few processes have such blocks.
        if (!asJson && arena === undefined && sums.size === 0) await output.write(head);
        const sum = sums.get(chunk.state) ?? { count: 0, bytes: 0n };
        sums.set(chunk.state, sum);
        sum.count++;
        sum.bytes += chunk.size;
        if (values.chunks !== true || !isShown(chunk)) continue;
        if (!asJson) await output.write(lineOf(chunk));
        else if (listed++ < MAX_JSON) chunks.push(chunkJson(chunk));
      }
      if (asJson) arenas.push(arenaJson(arena, sums, values.chunks === true ? chunks : undefined));
      else await writeSums(sums, output);
    }
    const { problems } = memory;
    if (asJson) {
      const document = {
        pid,
        ...(heap && { glibc: heap.glibc }),
        arenas,
        complete: listed <= MAX_JSON,
        problems,
      };
      await output.write(`${JSON.stringify(document, undefined, 2)}\n`);
    } else if (heap) await output.write(`The layout is that of glibc ${heap.glibc}.\n`);
    else output.message(`Process ${pid} has no heap of glibc's malloc.`);
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return heap ? EXIT.done : EXIT.findings;
  });
};

/** What symbols say of `main_arena`; most libraries are stripped of it. */
async function mainArena(
  memory: CheckpointMemory,
  space: AddressSpace,
  sysroot: string | undefined,
): Promise<bigint | undefined> {
  if (sysroot === undefined) return undefined;
  const tree = await openTree(sysroot);
  const modules = loadedModules(memory, space, tree);
  try {
    for (const { symbols, bias } of await modules.all()) {
      const symbol = await symbols.named("main_arena");
      if (symbol) return symbol.address + bias;
    }
    return undefined;
  } finally {
    await modules.close();
    await tree.close();
  }
}

async function* chunksOf(heap: MallocHeap | undefined, arena: Arena | undefined): AsyncGenerator<HeapChunk> {
  if (heap) yield* arena ? heap.chunks(arena) : heap.mapped();
}

function headOf(arena: Arena | undefined): string {
  if (arena === undefined) return "Blocks with a mapping of their own";
  const heaps = arena.heaps.map(({ start, end }) => `${hex(start)}-${hex(end)}`).join(" ");
  return `${arena.kind === "main" ? "Main arena" : "Arena"} ${hex(arena.address)}: ${heaps}`;
}

const lineOf = (chunk: HeapChunk): string =>
  `  ${hex(chunk.address + 16n)}  ${String(usableSize(chunk)).padStart(10)}  ${chunk.state}\n`;

async function writeSums(sums: Sums, output: CliOutput): Promise<void> {
  for (const [state, { count, bytes }] of sums)
    await output.write(
      `  ${state.padEnd(8)} ${String(count).padStart(9)} chunks ${String(bytes).padStart(14)} bytes\n`,
    );
}

const chunkJson = (chunk: HeapChunk): object => ({
  address: hex(chunk.address),
  block: hex(chunk.address + 16n),
  size: Number(chunk.size),
  usable: Number(usableSize(chunk)),
  state: chunk.state,
});

function arenaJson(arena: Arena | undefined, sums: Sums, chunks: readonly object[] | undefined): object {
  return {
    kind: arena?.kind ?? "mapped",
    ...(arena && {
      address: hex(arena.address),
      top: hex(arena.top),
      system: Number(arena.systemBytes),
      heaps: arena.heaps.map(({ start, end }) => ({ start: hex(start), end: hex(end) })),
    }),
    totals: [...sums].map(([state, { count, bytes }]) => ({ state, count, bytes: Number(bytes) })),
    ...(chunks && { chunks }),
  };
}

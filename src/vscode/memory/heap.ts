// *List Heap Chunks*: the blocks of glibc's malloc as lines of the view *Memory Matches*.
import * as vscode from "vscode";
import { openHeap, usableSize } from "../../analysis/index.ts";
import type { ChunkState, HeapChunk, MallocHeap } from "../../analysis/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";
import type { NamedMatch } from "./matches-view.ts";
import type { MemoryEditor } from "./memory-editor.ts";
import type { LookStep, MemorySearch } from "./search.ts";

interface Choice extends vscode.QuickPickItem {
  readonly states: readonly ChunkState[];
}

const CHOICES: readonly Choice[] = [
  { label: "Used blocks", description: "what the program has", states: ["used"] },
  {
    label: "Freed blocks",
    description: "in thread caches, fastbins and bins: their bytes are often still there",
    states: ["tcache", "fastbin", "free"],
  },
  {
    label: "All chunks",
    description: "with the caches themselves and what is left",
    states: ["used", "tcache", "fastbin", "free", "cache", "top"],
  },
];
/** Chunks in one step of the view. */
const BATCH = 200;
/** Bytes of a block that are shown. */
const SHOWN = 24;

/** Asks which blocks, and lists them. Gives how many there are. */
export async function listHeap(
  search: MemorySearch,
  { entry, pid }: MemoryEditor,
  given?: readonly ChunkState[],
): Promise<number | undefined> {
  const states =
    given ??
    (await vscode.window.showQuickPick(CHOICES, { title: `Heap of process ${pid}: which blocks` }))?.states;
  if (states === undefined) return undefined;
  return search.runLook(
    { entries: [entry], pid },
    {
      text: `heap of process ${pid}`,
      filter: {},
      things: { one: "block", many: "blocks" },
      async *steps([memory], { signal }) {
        if (memory === undefined) return;
        const space = await memory.space(pid);
        const heap = await openHeap(space, { signal });
        if (heap === undefined) throw memoryViewErrors.noHeap(pid);
        const total = heap.arenas.reduce((sum, { systemBytes }) => sum + Number(systemBytes), 0);
        let searched = 0;
        let batch: NamedMatch[] = [];
        const step = (): LookStep => {
          const matches = batch;
          batch = [];
          return { memory, count: matches.length, matches: () => matches, searched, total };
        };
        for await (const { chunk, arena } of allChunks(heap, signal)) {
          searched += Number(chunk.size);
          if (states.includes(chunk.state)) batch.push(await matchOf(space, chunk, arena));
          if (batch.length >= BATCH) yield step();
        }
        yield step();
      },
    },
  );
}

async function* allChunks(
  heap: MallocHeap,
  signal: AbortSignal,
): AsyncGenerator<{ readonly chunk: HeapChunk; readonly arena: string }> {
  for (const arena of heap.arenas) {
    const name = arena.kind === "main" ? "main arena" : "thread arena";
    for await (const chunk of heap.chunks(arena, signal)) yield { chunk, arena: name };
  }
  for await (const chunk of heap.mapped(signal)) yield { chunk, arena: "own mapping" };
}

async function matchOf(space: AddressSpace, chunk: HeapChunk, arena: string): Promise<NamedMatch> {
  const address = chunk.address + 16n;
  const length = Number(usableSize(chunk));
  const bytes = await space.readBytes(address, Math.min(length, SHOWN));
  const { pid } = space;
  return {
    name: `${chunk.state}, ${length} bytes, ${arena}`,
    ...{ pid, address, length, space, bytes },
    sightings: [{ pid, address }],
    before: NOTHING,
    after: NOTHING,
  };
}

const NOTHING = new Uint8Array(0);

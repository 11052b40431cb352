import { setImmediate } from "node:timers/promises";
import type { ByteKind, ByteRange, ByteSpan } from "../../protocol/index.ts";
import { spansIn } from "./spans.ts";
import type { ImageTree } from "./tree.ts";

/** Kinds that hold nothing the format accounts for, or nothing at all. */
const UNUSED: readonly ByteKind[] = ["unknown", "padding"];

const TURN_MS = 12;

export interface UnusedRange extends ByteRange {
  readonly kind: ByteKind;
}

/**
 * The next range of unknown or unused bytes that begins after `offset` (or the last one before it). Goes through the
 * image entry by entry, so it costs what lies between; `done` is told how many bytes that is so far.
 */
export async function seekUnused(
  tree: ImageTree,
  offset: number,
  direction: 1 | -1,
  signal?: AbortSignal,
  done: (bytes: number) => void = () => undefined,
): Promise<UnusedRange | undefined> {
  let turn = performance.now();
  for (let window = windowAt(tree, offset); window; window = neighbour(tree, window, direction)) {
    signal?.throwIfAborted();
    const ranges = unusedOf(await spansIn(tree, window));
    const found =
      direction > 0
        ? ranges.find(({ start }) => start > offset)
        : ranges.findLast(({ start }) => start < offset);
    if (found) return found;
    done(window.end - window.start);
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    turn = performance.now();
  }
  return undefined;
}

/** Unused spans, those of one kind that touch joined. */
function unusedOf(spans: readonly ByteSpan[]): readonly UnusedRange[] {
  const ranges: UnusedRange[] = [];
  for (const { start, end, kind } of spans) {
    if (!UNUSED.includes(kind)) continue;
    const last = ranges.at(-1);
    if (last?.end === start && last.kind === kind) ranges[ranges.length - 1] = { ...last, end };
    else ranges.push({ start, end, kind });
  }
  return ranges;
}

/**
 * The image cut at its entries: each entry with the gap before it, and what comes after the last one. The first window
 * begins at 0.
 */
function windowAt({ image }: ImageTree, offset: number): ByteRange | undefined {
  const { size } = image.source;
  if (size === 0) return undefined;
  let low = 0;
  let high = image.entryCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (image.entrySpan(middle).end > offset) high = middle;
    else low = middle + 1;
  }
  const start = low === 0 ? 0 : image.entrySpan(low - 1).end;
  const end = low < image.entryCount ? image.entrySpan(low).end : size;
  return { start, end };
}

function neighbour(tree: ImageTree, { start, end }: ByteRange, direction: 1 | -1): ByteRange | undefined {
  if (direction > 0) return end < tree.image.source.size ? windowAt(tree, end) : undefined;
  return start > 0 ? windowAt(tree, start - 1) : undefined;
}

// What fills a view of an image: rows of the tree and bytes of the grid, by range.
import type {
  ByteSpan,
  FirstScreen,
  ImageBytes,
  ImageRow,
  ImageRpc,
  Location,
  Params,
  SpanColumns,
} from "../../protocol/index.ts";
import { imageEditorErrors } from "./errors.ts";
import { children } from "./nodes.ts";
import { rowOf } from "./rows.ts";
import { spansIn } from "./spans.ts";
import type { ImageTree } from "./tree.ts";

const MAX_ROWS = 200;
const MAX_BYTES = 64 * 1024;
/** Rows and bytes that the view asks for at a time (`webview/image/tree-model.ts`, `hex-pages.ts`). */
const FIRST_ROWS = 64;
const FIRST_BYTES = 4096;

/** Children `[start, end)` of a row, at most 200; of the top for path "". Throws `imageEditor.noSuchRow`. */
export async function rowsUnder(
  tree: ImageTree,
  { path, start, end }: Params<ImageRpc, "children">,
): Promise<readonly ImageRow[]> {
  const last = Math.min(end, start + MAX_ROWS);
  const nodes = path === "" ? await tree.top(start, last) : await childrenOf(tree, path, start, last);
  return Promise.all(nodes.map((node) => rowOf(tree, node)));
}

async function childrenOf(tree: ImageTree, path: string, start: number, end: number) {
  const found = await tree.find(path);
  if (!found) throw imageEditorErrors.noSuchRow(path, tree.image.name);
  return children(found.node).slice(Math.max(0, start), end);
}

/** The row of a path, or the deepest one that holds a range of bytes. */
export async function locate(
  tree: ImageTree,
  target: Params<ImageRpc, "locate">,
): Promise<Location | undefined> {
  const found = await ("path" in target ? tree.find(target.path) : tree.at(target));
  return (
    found && {
      row: await rowOf(tree, found.node),
      steps: found.steps.map(({ node, index }) => ({
        path: node.path,
        index,
        childCount: children(node).length,
      })),
    }
  );
}

/** Bytes with what they are, at most 64 KiB. Throws what reading the image throws. */
export async function bytesAt(
  tree: ImageTree,
  { offset, length }: Params<ImageRpc, "bytes">,
): Promise<ImageBytes> {
  const { plain } = tree.image;
  const bytes = await plain.read(offset, Math.min(length, MAX_BYTES));
  const range = { start: offset, end: offset + bytes.length };
  const spans = columnsOf(await spansIn(tree, range));
  // Copied, because a message carries the whole buffer under a view; into the plain class, because VS Code sends
  // Node's Buffer as JSON.
  return { offset, bytes: new Uint8Array(bytes), spans, edited: tree.marks.within(range) };
}

function columnsOf(spans: readonly ByteSpan[]): SpanColumns {
  const names = new Map<string, number>();
  const place = (path: string): number => {
    const known = names.get(path) ?? names.size;
    names.set(path, known);
    return known;
  };
  return {
    lengths: spans.map(({ start, end }) => end - start),
    kinds: spans.map(({ kind }) => kind),
    paths: spans.map(({ path }) => place(path)),
    names: [...names.keys()],
  };
}

/** What a view shows before anything else. What can't be read is left out: the view asks for it and shows why. */
export async function firstScreen(tree: ImageTree): Promise<FirstScreen> {
  const { entryCount, source } = tree.image;
  const target = entryCount > 0 ? { path: "entries[0]" } : { start: 0, end: Math.min(1, source.size) };
  const [rows, selected, bytes] = await Promise.all([
    rowsUnder(tree, { path: "", start: 0, end: FIRST_ROWS }).catch(() => []),
    locate(tree, target).catch(() => undefined),
    bytesAt(tree, { offset: 0, length: FIRST_BYTES }).catch(() => undefined),
  ]);
  const isOnly = entryCount === 1 && selected !== undefined;
  const under = isOnly ? await rowsUnder(tree, { path: selected.row.path, start: 0, end: FIRST_ROWS }) : [];
  return { rows, selected, children: under, bytes };
}

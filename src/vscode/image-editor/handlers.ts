import type { Handlers, ImageProblem, ImageRpc } from "../../protocol/index.ts";
import type { ImageDocument } from "./document.ts";
import { editHandlers } from "./edit-handlers.ts";
import { ImageEntropy } from "./entropy.ts";
import { imageEditorErrors } from "./errors.ts";
import { children } from "./nodes.ts";
import { fullValue, rowOf } from "./rows.ts";
import { searchPart } from "./search.ts";
import { spansIn } from "./spans.ts";
import { expandRows } from "./tree-expand.ts";
import { filterPart } from "./tree-filter.ts";
import type { ImageTree } from "./tree.ts";

const MAX_ROWS = 200;
const MAX_BYTES = 64 * 1024;
const MAX_TEXT = 1 << 20;
/** Entries that are decoded on opening to find what is wrong inside them; later ones say so in their own row. */
const CHECKED_ENTRIES = 32;
const CHECKED_BYTES = 1 << 20;

/** Answers to the requests of an editor on a document. */
export function imageHandlers(document: ImageDocument): Handlers<ImageRpc> {
  const entropy = new WeakMap<ImageTree, ImageEntropy>();
  return {
    ...editHandlers(document),
    open: async () => {
      const { base, tree, problems } = await document.state();
      const { image, marks } = tree;
      return {
        name: image.name,
        type: image.type && { name: image.type.name, doc: image.type.doc },
        size: image.source.size,
        entryCount: image.entryCount,
        rowCount: tree.rowCount,
        sealed: image.seal !== undefined,
        problems: await problemsOf(tree),
        edit: {
          ...(base.readOnly !== undefined && { readOnly: base.readOnly }),
          copyHelps: base.copyHelps,
          changes: marks.words,
          changeCount: marks.count,
          problems,
          ...(document.stale !== undefined && { stale: document.stale }),
        },
      };
    },
    children: async ({ path, start, end }) => {
      const tree = await document.tree();
      const last = Math.min(end, start + MAX_ROWS);
      const nodes = path === "" ? await tree.top(start, last) : await childrenOf(tree, path, start, last);
      return Promise.all(nodes.map((node) => rowOf(tree, node)));
    },
    locate: async (target) => {
      const tree = await document.tree();
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
    },
    bytes: async ({ offset, length }) => {
      const tree = await document.tree();
      const { plain } = tree.image;
      const bytes = await plain.read(offset, Math.min(length, MAX_BYTES));
      const range = { start: offset, end: offset + bytes.length };
      const spans = await spansIn(tree, range);
      // Copied, because a message carries the whole buffer under a view; into the plain class, because VS Code sends
      // Node's Buffer as JSON.
      return { offset, bytes: new Uint8Array(bytes), spans, edited: tree.marks.within(range) };
    },
    value: async ({ path }) => {
      const tree = await document.tree();
      const found = await tree.find(path);
      return found ? fullValue(tree.image, found.node, MAX_TEXT) : "";
    },
    search: async ({ query, start }) => searchPart((await document.tree()).image.plain, query, start),
    filter: async ({ query, from, limit }) => filterPart(await document.tree(), query, from, limit),
    expand: async ({ path }) => expandRows(await document.tree(), path),
    entropy: async ({ parts }) => {
      const tree = await document.tree();
      const known = entropy.get(tree) ?? new ImageEntropy();
      entropy.set(tree, known);
      return known.of(tree.image.plain, parts);
    },
  };
}

async function childrenOf(tree: ImageTree, path: string, start: number, end: number) {
  const found = await tree.find(path);
  if (!found) throw imageEditorErrors.noSuchRow(path, tree.image.name);
  return children(found.node).slice(Math.max(0, start), end);
}

async function problemsOf(tree: ImageTree): Promise<readonly ImageProblem[]> {
  const { image } = tree;
  const problems: ImageProblem[] = [...image.problems];
  for (let index = 0; index < Math.min(image.entryCount, CHECKED_ENTRIES); index++) {
    if (image.entrySpan(index).end > CHECKED_BYTES) break;
    problems.push(...(await tree.entry(index)).problems);
  }
  return problems;
}

import type { Handlers, ImageProblem, ImageRpc } from "../../protocol/index.ts";
import type { ImageDocument } from "./document.ts";
import { editHandlers } from "./edit-handlers.ts";
import { ImageEntropy } from "./entropy.ts";
import { fullValue } from "./rows.ts";
import { searchPart } from "./search.ts";
import { bytesAt, firstScreen, locate, rowsUnder } from "./screen.ts";
import { expandRows } from "./tree-expand.ts";
import { filterPart } from "./tree-filter.ts";
import type { ImageTree } from "./tree.ts";

const MAX_TEXT = 1 << 20;
/** Entries that are decoded on opening to find what is wrong inside them; later ones say so in their own row. */
const CHECKED_ENTRIES = 32;
const CHECKED_BYTES = 1 << 20;

/** Answers to the requests of an editor on a document. */
export function imageHandlers(document: ImageDocument): Handlers<ImageRpc> {
  const entropy = new WeakMap<ImageTree, ImageEntropy>();
  return {
    ...editHandlers(document),
    open: async ({ again = false }) => {
      if (again) document.unlock();
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
        first: await firstScreen(tree),
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
    children: async (which) => rowsUnder(await document.tree(), which),
    locate: async (target) => locate(await document.tree(), target),
    bytes: async (range) => bytesAt(await document.tree(), range),
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

async function problemsOf(tree: ImageTree): Promise<readonly ImageProblem[]> {
  const { image } = tree;
  const problems: ImageProblem[] = [...image.problems];
  for (let index = 0; index < Math.min(image.entryCount, CHECKED_ENTRIES); index++) {
    if (image.entrySpan(index).end > CHECKED_BYTES) break;
    problems.push(...(await tree.entry(index)).problems);
  }
  return problems;
}

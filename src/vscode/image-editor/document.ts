import type { CustomDocument, Uri } from "vscode";
import { openImage } from "../../criu/index.ts";
import type { Handlers, ImageProblem, ImageRpc } from "../../protocol/index.ts";
import type { ResolveImage, ResolvedImage } from "../resolved.ts";
import { ImageEntropy } from "./entropy.ts";
import { imageEditorErrors } from "./errors.ts";
import { children } from "./nodes.ts";
import { fullValue, rowOf } from "./rows.ts";
import { searchPart } from "./search.ts";
import { spansIn } from "./spans.ts";
import { expandRows } from "./tree-expand.ts";
import { filterPart } from "./tree-filter.ts";
import { ImageTree } from "./tree.ts";

const MAX_ROWS = 200;
const MAX_BYTES = 64 * 1024;
const MAX_TEXT = 1 << 20;
/** Entries that are decoded on opening to find what is wrong inside them; later ones say so in their own row. */
const CHECKED_ENTRIES = 32;
const CHECKED_BYTES = 1 << 20;

/** One image behind one or more editors. It is opened when the first editor asks, and again after a failure. */
export class ImageDocument implements CustomDocument {
  readonly uri: Uri;
  readonly #resolve: ResolveImage;
  #opening: Promise<ImageTree> | undefined;
  #resolved: ResolvedImage | undefined;
  readonly #entropy = new ImageEntropy();
  #isDisposed = false;

  constructor(uri: Uri, resolve: ResolveImage) {
    this.uri = uri;
    this.#resolve = resolve;
  }

  /** Answers to the requests of an editor on this document. */
  readonly handlers: Handlers<ImageRpc> = {
    open: async () => {
      const tree = await this.tree();
      const { image } = tree;
      return {
        name: image.name,
        type: image.type && { name: image.type.name, doc: image.type.doc },
        size: image.source.size,
        entryCount: image.entryCount,
        rowCount: tree.rowCount,
        sealed: image.seal !== undefined,
        problems: await problemsOf(tree),
      };
    },
    children: async ({ path, start, end }) => {
      const tree = await this.tree();
      const last = Math.min(end, start + MAX_ROWS);
      const nodes = path === "" ? await tree.top(start, last) : await childrenOf(tree, path, start, last);
      return Promise.all(nodes.map((node) => rowOf(tree.image, node)));
    },
    locate: async (target) => {
      const tree = await this.tree();
      const found = await ("path" in target ? tree.find(target.path) : tree.at(target));
      return (
        found && {
          row: await rowOf(tree.image, found.node),
          steps: found.steps.map(({ node, index }) => ({
            path: node.path,
            index,
            childCount: children(node).length,
          })),
        }
      );
    },
    bytes: async ({ offset, length }) => {
      const tree = await this.tree();
      const { plain } = tree.image;
      const bytes = await plain.read(offset, Math.min(length, MAX_BYTES));
      const spans = await spansIn(tree, { start: offset, end: offset + bytes.length });
      // Copied, because a message carries the whole buffer under a view; into the plain class, because VS Code sends
      // Node's Buffer as JSON.
      return { offset, bytes: new Uint8Array(bytes), spans };
    },
    value: async ({ path }) => {
      const tree = await this.tree();
      const found = await tree.find(path);
      return found ? fullValue(tree.image, found.node, MAX_TEXT) : "";
    },
    search: async ({ query, start }) => searchPart((await this.tree()).image.plain, query, start),
    filter: async ({ query, from, limit }) => filterPart(await this.tree(), query, from, limit),
    expand: async ({ path }) => expandRows(await this.tree(), path),
    entropy: async ({ parts }) => this.#entropy.of((await this.tree()).image.plain, parts),
  };

  dispose(): void {
    this.#isDisposed = true;
    void this.#close();
  }

  /** The image, opened when it wasn't yet. */
  tree(): Promise<ImageTree> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<ImageTree> {
    await this.#close();
    const resolved = await this.#resolve(this.uri);
    this.#resolved = resolved;
    // Closed while it was being opened, perhaps while the person was asked for a key.
    if (this.#isDisposed) await this.#close();
    const { name, source, seal } = resolved;
    return new ImageTree(await openImage(name, source, seal && { seal }));
  }

  async #close(): Promise<void> {
    const source = this.#resolved?.source;
    this.#resolved = undefined;
    // Nothing can be done about a descriptor that doesn't close, and nothing is lost.
    await source?.close?.().catch(() => undefined);
  }
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

import type { EntryNode, Image, Span } from "../../criu/index.ts";
import { children, headerNodes, leadsTo, restNodes } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import { NO_MARKS } from "./marks.ts";
import type { EditMarks } from "./marks.ts";

/** A node with the way to it: one step per level, the node itself last. */
export interface Found {
  readonly node: TreeNode;
  readonly steps: readonly { readonly node: TreeNode; readonly index: number }[];
}

interface TreeEdits {
  readonly marks?: EditMarks;
  readonly isEditable?: boolean;
}

/** Bytes of decoded entries that are kept; the last one is always kept, however big it is. */
const KEPT_BYTES = 4 << 20;

/**
 * The field tree of one image, computed as far as it is looked at: top rows are the magics, the entries and what
 * comes after them. Entries are decoded one by one and forgotten again, so a pagemap of a million entries costs
 * what is on the screen.
 */
export class ImageTree {
  readonly image: Image;
  readonly marks: EditMarks;
  readonly isEditable: boolean;
  readonly #header: readonly TreeNode[];
  readonly #rest: readonly TreeNode[];
  readonly #decoded = new Map<number, Promise<EntryNode>>();
  #decodedBytes = 0;

  /** How the image differs from the one that was opened, and whether it can be changed. */
  constructor(image: Image, { marks = NO_MARKS, isEditable = false }: TreeEdits = {}) {
    this.image = image;
    this.marks = marks;
    this.isEditable = isEditable;
    this.#header = headerNodes(image.header);
    this.#rest = restNodes(image.rest);
  }

  get rowCount(): number {
    return this.#header.length + this.image.entryCount + this.#rest.length;
  }

  /** Top rows `[start, end)`. */
  async top(start: number, end: number): Promise<readonly TreeNode[]> {
    const rows: Promise<TreeNode | undefined>[] = [];
    for (let index = Math.max(0, start); index < Math.min(end, this.rowCount); index++)
      rows.push(this.#topAt(index));
    return (await Promise.all(rows)).filter((row) => row !== undefined);
  }

  /** The row of `path`, or undefined when the image has none. */
  async find(path: string): Promise<Found | undefined> {
    const first = await this.#topOf(path);
    if (!first || !leadsTo(first.node, path)) return undefined;
    const found = descend(first, (node) => leadsTo(node, path));
    return found.node.path === path ? found : undefined;
  }

  /** The deepest row that holds all of `range`. */
  async at(range: Span): Promise<Found | undefined> {
    const holds = ({ span }: TreeNode): boolean => span.start <= range.start && range.end <= span.end;
    const entry = this.image.entryAt(range.start);
    const index =
      entry === undefined
        ? this.#plainTop().find(({ node }) => holds(node))?.index
        : this.#header.length + entry;
    const node = index === undefined ? undefined : await this.#topAt(index);
    return node && index !== undefined && holds(node) ? descend({ node, index }, holds) : undefined;
  }

  /** Decodes an entry, or gives it back when it was decoded lately. */
  entry(index: number): Promise<EntryNode> {
    const known = this.#decoded.get(index);
    if (known) {
      // Re-inserted so that the Map's order is the order of last use.
      this.#decoded.delete(index);
      this.#decoded.set(index, known);
      return known;
    }
    const decoding = this.image.entry(index);
    this.#decoded.set(index, decoding);
    this.#decodedBytes += this.#cost(index);
    decoding.catch(() => {
      this.#forget(index);
    });
    for (const oldest of this.#decoded.keys()) {
      if (this.#decodedBytes <= KEPT_BYTES || oldest === index) break;
      this.#forget(oldest);
    }
    return decoding;
  }

  #forget(index: number): void {
    if (this.#decoded.delete(index)) this.#decodedBytes -= this.#cost(index);
  }

  #cost(index: number): number {
    const { start, end } = this.image.entrySpan(index);
    // Nodes outweigh the bytes they were decoded from; a small entry costs its bookkeeping.
    return end - start + 64;
  }

  async #topAt(index: number): Promise<TreeNode | undefined> {
    const header = this.#header[index];
    if (header) return header;
    const number = index - this.#header.length;
    if (number >= this.image.entryCount) return this.#rest[number - this.image.entryCount];
    const entry = await this.entry(number);
    return { kind: "entry", path: `entries[${String(number)}]`, span: entry.span, entry };
  }

  async #topOf(path: string): Promise<{ node: TreeNode; index: number } | undefined> {
    const number = /^entries\[(\d{1,15})\]/.exec(path)?.[1];
    if (number === undefined) return this.#plainTop().find(({ node }) => leadsTo(node, path));
    const index = this.#header.length + Number(number);
    const node = Number(number) < this.image.entryCount ? await this.#topAt(index) : undefined;
    return node && { node, index };
  }

  /** The top rows that aren't entries. */
  #plainTop(): { node: TreeNode; index: number }[] {
    const after = this.#header.length + this.image.entryCount;
    return [
      ...this.#header.map((node, index) => ({ node, index })),
      ...this.#rest.map((node, index) => ({ node, index: after + index })),
    ];
  }
}

function descend(first: { node: TreeNode; index: number }, holds: (node: TreeNode) => boolean): Found {
  const steps = [first];
  for (let node = first.node; ;) {
    const rows = children(node);
    const index = rows.findIndex(holds);
    const next = rows[index];
    if (!next) return { node, steps };
    steps.push({ node: next, index });
    node = next;
  }
}

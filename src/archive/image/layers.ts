import { byName, joinPath, parentOf, baseOf, normaliseName } from "../names.ts";
import { archiveErrors } from "../errors.ts";
import type { FileTree, TreeEntry } from "../tree.ts";

/** Names that say what a layer takes away from those below it (OCI image spec, layer.md: Whiteouts). */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/**
 * Layers of a container image as the one tree that they make, the lowest first. Nothing is copied: each question goes
 * through the layers from the top. Closing closes them all.
 */
export function layeredTree(name: string, layers: readonly FileTree[]): FileTree {
  const [only] = layers;
  if (only !== undefined && layers.length === 1) return only;
  const fromTop = [...layers].reverse();

  /** Whether a layer takes away what the layers below have at `path`. */
  async function hides(layer: FileTree, path: string): Promise<boolean> {
    for (let at = path; at !== ""; at = parentOf(at)) {
      const folder = parentOf(at);
      if (await layer.stat(joinPath(folder, WHITEOUT + baseOf(at)))) return true;
      if (await layer.stat(joinPath(folder, OPAQUE))) return true;
      const own = await layer.stat(at);
      if (own !== undefined && own.kind !== "folder") return true;
    }
    return false;
  }

  /** The topmost layer that has `path`, and its entry. */
  async function find(path: string): Promise<{ layer: FileTree; entry: TreeEntry } | undefined> {
    const normal = normaliseName(path);
    if (normal.refused !== undefined || baseOf(normal.path).startsWith(WHITEOUT)) return undefined;
    for (const layer of fromTop) {
      const entry = await layer.stat(normal.path);
      if (entry !== undefined) return { layer, entry };
      if (await hides(layer, normal.path)) return undefined;
    }
    return undefined;
  }

  async function need(path: string): Promise<{ layer: FileTree; entry: TreeEntry }> {
    const found = await find(path);
    if (found === undefined) throw archiveErrors.notFound(path, name);
    return found;
  }

  return {
    name,
    async list(folder) {
      const { entry } = await need(folder);
      if (entry.kind !== "folder") throw archiveErrors.notFound(`${folder}/`, name);
      const shown = new Map<string, TreeEntry>();
      const hidden = new Set<string>();
      for (const layer of fromTop) {
        const own = (await layer.stat(entry.path))?.kind === "folder" ? await layer.list(entry.path) : [];
        for (const child of own)
          if (!child.name.startsWith(WHITEOUT) && !shown.has(child.name) && !hidden.has(child.name))
            shown.set(child.name, child);
        // What this layer takes away is taken from those below, not from itself.
        for (const child of own)
          if (child.name.startsWith(WHITEOUT)) hidden.add(child.name.slice(WHITEOUT.length));
        if (own.some((child) => child.name === OPAQUE) || (await hides(layer, entry.path))) break;
      }
      return [...shown.values()].sort(byName);
    },
    stat: async (path) => (await find(path))?.entry,
    async open(path) {
      const { layer, entry } = await need(path);
      return layer.open(entry.path);
    },
    async readLink(path) {
      const { layer, entry } = await need(path);
      return layer.readLink(entry.path);
    },
    get problems() {
      return layers.flatMap((layer) => layer.problems);
    },
    async close() {
      await Promise.all(layers.map((layer) => layer.close()));
    },
  };
}

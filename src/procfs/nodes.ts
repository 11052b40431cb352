import type { Content } from "./model.ts";

/** A name in the frozen /proc, made when it is walked over. */
export type Node = FolderNode | FileNode | LinkNode;

export interface FolderNode {
  readonly kind: "folder";
  /** The names in it, in the order they are shown. */
  list(): Promise<readonly string[]>;
  child(name: string): Promise<Node | undefined>;
}

export interface FileNode {
  readonly kind: "file";
  /** Undefined where the checkpoint doesn't know the content: then the file isn't there. */
  write(): Promise<Content | undefined>;
}

export interface LinkNode {
  readonly kind: "link";
  /** Undefined where the checkpoint doesn't know where it leads: then the link isn't there. */
  target(): Promise<string | undefined>;
}

export const file = (write: FileNode["write"]): FileNode => ({ kind: "file", write });
export const link = (target: LinkNode["target"]): LinkNode => ({ kind: "link", target });

/** A folder whose names are known beforehand. Names with `/` make folders on their way. */
export function fixedFolder(nodes: Iterable<readonly [name: string, node: Node]>): FolderNode {
  const here = new Map<string, Node>();
  const below = new Map<string, (readonly [string, Node])[]>();
  for (const [name, node] of nodes) {
    const slash = name.indexOf("/");
    if (slash < 0) here.set(name, node);
    else {
      const first = name.slice(0, slash);
      below.set(first, [...(below.get(first) ?? []), [name.slice(slash + 1), node]]);
    }
  }
  for (const [name, inner] of below) here.set(name, fixedFolder(inner));
  return {
    kind: "folder",
    list: () => Promise.resolve([...here.keys()].toSorted()),
    child: (name) => Promise.resolve(here.get(name)),
  };
}

/** A folder whose names are found when it is listed. */
export const folder = (list: FolderNode["list"], child: FolderNode["child"]): FolderNode => ({
  kind: "folder",
  list,
  child,
});

/** A folder of numbers: `fd`, `task`. Only a name that the kernel would write is one: no sign, no leading zero. */
export function numberedFolder(
  list: () => Promise<Iterable<number>>,
  child: (number: number) => Promise<Node> | Node,
): FolderNode {
  const numbers = async (): Promise<Set<number>> => new Set(await list());
  return folder(
    async () => [...(await numbers())].map(String),
    async (name) => {
      if (!/^(?:0|[1-9]\d{0,9})$/.test(name)) return undefined;
      const number = Number(name);
      return (await numbers()).has(number) ? child(number) : undefined;
    },
  );
}

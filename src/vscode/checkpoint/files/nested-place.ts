import { openNested } from "../../../archive/index.ts";
import type { FileTree } from "../../../archive/index.ts";
import type { ByteSource } from "../../../bytes/index.ts";
import type { Place } from "./place.ts";
import { treePlace } from "./tree-place.ts";

/** An archive inside the checkpoint, shown as the folder it was. It is opened when first looked into. */
export function nestedPlace(name: string, open: () => Promise<ByteSource>): Place {
  let opened: Promise<{ tree: FileTree; source: ByteSource }> | undefined;
  const place = async (): Promise<Place> => {
    opened ??= openAll().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return treePlace((await opened).tree);
  };

  async function openAll(): Promise<{ tree: FileTree; source: ByteSource }> {
    const source = await open();
    try {
      return { tree: await openNested(source, name), source };
    } catch (error) {
      await source.close?.();
      throw error;
    }
  }

  return {
    list: async (path) => (await place()).list(path),
    // Whether it can be opened is seen when it is.
    stat: async (path) => (path === "" ? { kind: "folder", size: 0 } : (await place()).stat(path)),
    read: async (path, limit) => (await place()).read(path, limit),
    locate: async (path) => (await place()).locate(path),
    close: async () => {
      const all = await opened?.catch(() => undefined);
      opened = undefined;
      await all?.tree.close();
      await all?.source.close?.();
    },
  };
}

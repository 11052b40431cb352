import { FileType, Uri, workspace } from "vscode";
import { looksLikeImage, openImage } from "../../criu/index.ts";
import type { ImageSet } from "../../criu/index.ts";
import type { ResolveImage } from "../resolved.ts";

/** The image of another name in the same layer: beside it in its folder, on disk or in a checkpoint. */
export function siblingUri(image: Uri, name: string): Uri {
  return Uri.joinPath(image, "..", name);
}

/** The images of the layer that `image` is in. Each is opened for its use only. */
export async function siblings(image: Uri, resolve: ResolveImage): Promise<ImageSet> {
  const files = await workspace.fs.readDirectory(siblingUri(image, "."));
  const names = files
    .filter(([name, type]) => type === FileType.File && looksLikeImage(name))
    .map(([name]) => name)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return {
    names,
    use: async (name, work) => {
      const { source, seal, hint } = await resolve(siblingUri(image, name));
      try {
        return await work(await openImage(name, source, { seal, hint }));
      } finally {
        await source.close?.();
      }
    },
  };
}

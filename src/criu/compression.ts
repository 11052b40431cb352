import type { ByteSource } from "../bytes/index.ts";
import { numberField } from "./fields.ts";
import { openImage } from "./framing.ts";
import type { ShapeHint } from "./shapes.ts";

/** The image whose fields say what others of its layer can't. */
export const INVENTORY_IMAGE = "inventory.img";

/** Whether the bytes of this image may need a hint to be told what they are: then its inventory is worth opening. */
function needsHint(name: string): boolean {
  return /(^|\/)pagemap-[^/]*\.img$/.test(name);
}

/** What an inventory says of the other images of its layer. Nothing where it is sealed or broken; throws what reading throws. */
export async function hintOfInventory(source: ByteSource): Promise<ShapeHint> {
  const image = await openImage(INVENTORY_IMAGE, source);
  if (image.entryCount === 0) return {};
  const { message } = await image.entry(0);
  return { compress: numberField(message, 15) };
}

/**
 * `hintOfInventory` of the inventory that `open` opens, for an image that needs it; nothing where there is none that can be
 * read. `name` is the image's.
 */
export async function hintBeside(
  name: string,
  open: () => Promise<ByteSource>,
): Promise<ShapeHint | undefined> {
  if (!needsHint(name)) return undefined;
  try {
    const source = await open();
    try {
      return await hintOfInventory(source);
    } finally {
      await source.close?.();
    }
  } catch {
    return undefined;
  }
}

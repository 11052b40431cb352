import type { FirstImage, ImageInfo } from "../../src/protocol/index.ts";

let text = document.querySelector("#first")?.textContent ?? undefined;

/** The image as it came with the page; once only. */
export function takeFirst(): ImageInfo | undefined {
  if (text === undefined) return undefined;
  // Only the host writes it (`src/vscode/image-editor/page.ts`).
  const { info, bytes } = JSON.parse(text) as FirstImage;
  text = undefined;
  if (!bytes) return info;
  const content = Uint8Array.from(atob(bytes.bytes), (character) => character.charCodeAt(0));
  return { ...info, first: { ...info.first, bytes: { ...bytes, bytes: content } } };
}

import type { Uri, Webview } from "vscode";
import type { FirstImage, ImageInfo } from "../../protocol/index.ts";
import { viewPage } from "../page.ts";

/** The editor's page, with what it shows first where that is at hand. */
export function imagePage(webview: Webview, root: Uri, info: ImageInfo | undefined): string {
  return viewPage(webview, root, "image", "Cryoscope image", info && firstImage(info));
}

/** JSON has no bytes. */
function firstImage(info: ImageInfo): FirstImage {
  const { bytes } = info.first;
  return {
    info: { ...info, first: { ...info.first, bytes: undefined } },
    bytes: bytes && { ...bytes, bytes: Buffer.from(bytes.bytes).toString("base64") },
  };
}

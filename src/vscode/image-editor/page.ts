import type { Uri, Webview } from "vscode";
import { viewPage } from "../page.ts";

/** The editor's page. */
export function imagePage(webview: Webview, root: Uri): string {
  return viewPage(webview, root, "image", "Cryoscope image");
}

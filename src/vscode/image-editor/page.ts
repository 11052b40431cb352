import { randomBytes } from "node:crypto";
import { Uri } from "vscode";
import type { Webview } from "vscode";

/** The editor's page: an empty body that `webview/image/main.ts` fills. Nothing but our own files may load. */
export function imagePage(webview: Webview, root: Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (name: string): string => webview.asWebviewUri(Uri.joinPath(root, name)).toString();
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Cryoscope image</title>
    <link rel="stylesheet" href="${file("image.css")}" />
  </head>
  <body>
    <script type="module" nonce="${nonce}" src="${file("image.js")}"></script>
  </body>
</html>`;
}

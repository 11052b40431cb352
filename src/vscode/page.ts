import { randomBytes } from "node:crypto";
import { Uri } from "vscode";
import type { Webview } from "vscode";

/**
 * The page of a view: an empty body that `webview/NAME/main.ts` fills. Nothing but our own files, which lie in `root`,
 * may load.
 */
export function viewPage(webview: Webview, root: Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (file: string): string => webview.asWebviewUri(Uri.joinPath(root, file)).toString();
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
    <title>${title}</title>
    <link rel="stylesheet" href="${file(`${name}.css`)}" />
  </head>
  <body>
    <script type="module" nonce="${nonce}" src="${file(`${name}.js`)}"></script>
  </body>
</html>`;
}

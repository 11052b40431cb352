import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Uri } from "vscode";
import type { Webview } from "vscode";

/**
 * The page of a view: an empty body that `webview/NAME/main.ts` fills. Script and style are in the page itself: each file
 * that a webview asks for goes through VS Code's service worker, which takes as long as all else that is done before the
 * first rows are there. VS Code's components come when they are loaded. Nothing but our own files, which lie in `root`, may
 * load. `first` is what the page shows when it is loaded for the first time, as JSON in an element `first`.
 */
export function viewPage(webview: Webview, root: Uri, name: string, title: string, first?: object): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (file: string): string => webview.asWebviewUri(Uri.joinPath(root, file)).toString();
  // Whatever is in them must not end the element they are put into.
  const read = (file: string): string =>
    readFileSync(Uri.joinPath(root, file).fsPath, "utf8").replace(/<\/(?=script|style)/gi, "<\\/");
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
  ].join("; ");
  // Files that a style sheet names lie beside it.
  const style = read(`${name}.css`).replace(
    /url\("?\.\/([\w.-]+)[?\w]*"?\)/g,
    (_, path: string) => `url("${file(path)}")`,
  );
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <style nonce="${nonce}">${style}</style>
  </head>
  <body>
    ${first === undefined ? "" : `<script type="application/json" id="first">${jsonIn(first)}</script>`}
    <script type="module" nonce="${nonce}">${read(`${name}.js`)}</script>
    <script type="module" async nonce="${nonce}" src="${file("toolkit.js")}"></script>
  </body>
</html>`;
}

/** JSON that is no HTML, whatever is in it: text of a checkpoint is an attacker's. */
function jsonIn(value: object): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

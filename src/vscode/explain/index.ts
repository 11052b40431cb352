import * as vscode from "vscode";
import type { ShownExplanation } from "../../protocol/index.ts";
import type { ImageEditor } from "../image-editor/index.ts";
import { command } from "../messages.ts";
import { ExplainView } from "./explain-view.ts";

const VIEW = "cryoscope.explain";

/** What other parts of the extension, and tests in a real extension host, see of the view. */
export interface Explainer {
  /** What the view shows; undefined when it is closed, or shows nothing. */
  shown(): ShownExplanation | undefined;
  readonly onDidShow: vscode.Event<ShownExplanation>;
}

/** Registers the *Explain* view, which tells how the bytes selected in an image editor come to mean what they mean. */
export function registerExplain(
  context: vscode.ExtensionContext,
  { images }: { readonly images: ImageEditor },
): Explainer {
  const root = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
  const view = new ExplainView(root, images);
  context.subscriptions.push(
    view,
    vscode.window.registerWebviewViewProvider(VIEW, view),
    command("cryoscope.explain.byte", async (row?: unknown) => {
      const path = pathOf(row);
      if (path !== undefined) images.active()?.select(path);
      await vscode.commands.executeCommand(`${VIEW}.focus`);
    }),
    command("cryoscope.explain.next", () => {
      view.go("next");
    }),
    command("cryoscope.explain.previous", () => {
      view.go("previous");
    }),
  );
  return { shown: () => view.shown, onDidShow: view.onDidShow };
}

/** The path of the row whose context menu the command was chosen from. */
function pathOf(row: unknown): string | undefined {
  const isRow = typeof row === "object" && row !== null && "path" in row && typeof row.path === "string";
  return isRow ? String(row.path) : undefined;
}

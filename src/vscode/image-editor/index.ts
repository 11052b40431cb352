import * as vscode from "vscode";
import type { ByteRange, ImageRpc, ImageSelection } from "../../protocol/index.ts";
import type { ResolveImage } from "../resolved.ts";
import { serveView } from "../rpc.ts";
import type { ViewPort } from "../rpc.ts";
import { ImageDocument } from "./document.ts";
import { imagePage } from "./page.ts";

export const IMAGE_EDITOR = "cryoscope.image";

/** An open image editor, for tests in a real extension host. */
export interface ImageEditorHandle {
  readonly uri: vscode.Uri;
  /** Selects the row of a path, or bytes, as a click on them would. */
  select(target: string | ByteRange): void;
  /** What is selected in the view; undefined until it has said so. */
  selection(): ImageSelection | undefined;
}

export interface ImageEditor extends vscode.Disposable {
  /** The editor that was active last and is still open. */
  active(): ImageEditorHandle | undefined;
}

/** Registers the read-only editor of CRIU images: fields as a tree beside the bytes they were decoded from. */
export function registerImageEditor(
  context: vscode.ExtensionContext,
  { resolve }: { readonly resolve: ResolveImage },
): ImageEditor {
  const root = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
  const open: ImageEditorHandle[] = [];

  const provider: vscode.CustomReadonlyEditorProvider<ImageDocument> = {
    openCustomDocument: (uri) => new ImageDocument(uri, resolve),
    resolveCustomEditor(document, panel) {
      const { webview } = panel;
      webview.options = { enableScripts: true, localResourceRoots: [root] };
      let selection: ImageSelection | undefined;
      const port: ViewPort<ImageRpc> = serveView<ImageRpc>(webview, document.handlers, {
        selection: (now) => {
          selection = now;
        },
      });
      const handle: ImageEditorHandle = {
        uri: document.uri,
        select: (target) => {
          port.tell("reveal", typeof target === "string" ? { path: target } : target);
        },
        selection: () => selection,
      };
      open.push(handle);
      panel.onDidChangeViewState(() => {
        if (panel.active) open.push(...open.splice(open.indexOf(handle), 1));
      });
      panel.onDidDispose(() => {
        open.splice(open.indexOf(handle), 1);
        port.dispose();
      });
      webview.html = imagePage(webview, root);
    },
  };

  const registration = vscode.window.registerCustomEditorProvider(IMAGE_EDITOR, provider, {
    supportsMultipleEditorsPerDocument: true,
  });
  context.subscriptions.push(registration);
  return { active: () => open.at(-1), dispose: () => void registration.dispose() };
}

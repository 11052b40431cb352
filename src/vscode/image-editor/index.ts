import * as vscode from "vscode";
import type { ByteRange, ImageRpc, ImageSelection } from "../../protocol/index.ts";
import type { ResolveImage } from "../resolved.ts";
import { serveView } from "../rpc.ts";
import type { ViewPort } from "../rpc.ts";
import type { ImageDocument } from "./document.ts";
import { editBookmark } from "./bookmark-commands.ts";
import { Bookmarks } from "./bookmarks.ts";
import { registerEditCommands } from "./edit-commands.ts";
import { registerHexCommands } from "./hex-commands.ts";
import type { ImageEditorHandle, OpenEditor } from "./open-editor.ts";
import { imagePage } from "./page.ts";
import { ImageEditorProvider } from "./provider.ts";
import { showError } from "../messages.ts";
import { follow, registerTreeCommands } from "./tree-commands.ts";
import type { OpenAt } from "./tree-commands.ts";

/** Milliseconds that an image may take to be opened before its page is loaded without it. */
const MOST_WAITED = 100;

export const IMAGE_EDITOR = "cryoscope.image";

export type { ImageEditorHandle } from "./open-editor.ts";
export { saveBytes } from "./save-selection.ts";
export { siblings } from "./siblings.ts";

export interface ImageEditor extends vscode.Disposable {
  /** The editor that was active last and is still open. */
  active(): ImageEditorHandle | undefined;
  /** Something else is selected, or another editor is the active one, or none. */
  readonly onDidSelect: vscode.Event<void>;
  /** Opens an image in an editor and selects the row of a path in it; "" for none. */
  openAt(uri: vscode.Uri, path: string): Promise<void>;
  /** What VS Code calls to save, revert and back up; for tests of what has no command. */
  readonly provider: vscode.CustomEditorProvider<ImageDocument>;
}

export interface ImageEditorDependencies {
  readonly resolve: ResolveImage;
  /** A checkpoint was locked, or is open again: so are images inside of it. */
  readonly onDidChangeLock: vscode.Event<{ readonly id: string; readonly isLocked: boolean }>;
}

/** Registers the editor of CRIU images: fields as a tree beside the bytes they were decoded from. */
export function registerImageEditor(
  context: vscode.ExtensionContext,
  { resolve, onDidChangeLock }: ImageEditorDependencies,
): ImageEditor {
  const root = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
  const open: OpenEditor[] = [];
  const selected = new vscode.EventEmitter<void>();
  const bookmarks = new Bookmarks(context.workspaceState, (image) => {
    for (const editor of open) if (editor.uri.toString() === image) tellBookmarks(editor);
  });
  const tellBookmarks = ({ uri, tell }: OpenEditor): void => {
    tell("bookmarks", bookmarks.of(uri.toString()));
  };

  /** What to select in images whose view isn't up yet, by URI. */
  const wanted = new Map<string, string | ByteRange>();
  const upViews = new Set<OpenEditor>();
  const openAt: OpenAt = async (uri, target) => {
    if (target !== "") wanted.set(uri.toString(), target);
    await vscode.commands.executeCommand("vscode.openWith", uri, IMAGE_EDITOR);
    const editor = open.findLast((each) => each.uri.toString() === uri.toString());
    if (editor && upViews.has(editor)) selectWanted(editor);
  };
  const selectWanted = (editor: OpenEditor): void => {
    const target = wanted.get(editor.uri.toString());
    wanted.delete(editor.uri.toString());
    if (target !== undefined) editor.select(target);
  };

  const { commands: editCommands, run } = registerEditCommands(() => open.at(-1), openAt);
  const show = (document: ImageDocument, panel: vscode.WebviewPanel): void => {
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [root] };
    let selection: ImageSelection | undefined;
    const port: ViewPort<ImageRpc> = serveView<ImageRpc>(webview, document.handlers, {
      selection: (now) => {
        selection = now;
        if (open.at(-1) === handle) selected.fire();
      },
      ready: () => {
        tellBookmarks(handle);
        upViews.add(handle);
        selectWanted(handle);
      },
      follow: ({ path }) => void follow(handle, path, resolve, openAt).catch(showError),
      run: ({ do: action, path }) => {
        run(handle, action, path);
      },
      bookmark: ({ do: what, start }) => {
        const image = document.uri.toString();
        const bookmark = bookmarks.of(image).find((each) => each.start === start);
        if (what === "remove") void bookmarks.remove(image, start);
        else if (bookmark) void editBookmark(bookmarks, image, bookmark);
      },
    });
    const handle: OpenEditor = {
      uri: document.uri,
      document,
      tell: port.tell,
      select: (target) => {
        port.tell("reveal", typeof target === "string" ? { path: target } : target);
      },
      selection: () => selection,
      tree: () => document.tree(),
      lock: () => {
        selection = undefined;
        upViews.delete(handle);
        // The page holds what it showed first, and what it asked for: all of that goes.
        webview.html = imagePage(webview, root, undefined);
        selected.fire();
      },
    };
    open.push(handle);
    panel.onDidChangeViewState(() => {
      // A hidden page is thrown away; it is there again when it says so.
      if (!panel.visible) upViews.delete(handle);
      if (!panel.active || open.at(-1) === handle) return;
      open.push(...open.splice(open.indexOf(handle), 1));
      selected.fire();
    });
    panel.onDidDispose(() => {
      open.splice(open.indexOf(handle), 1);
      upViews.delete(handle);
      port.dispose();
      selected.fire();
    });
    // What takes longer to open, or can't be, the page asks for when it is there.
    const first = document.handlers.open({}).catch(() => undefined);
    const late = new Promise<undefined>((resolve) => {
      setTimeout(() => {
        resolve(undefined);
      }, MOST_WAITED);
    });
    void Promise.race([first, late]).then((info) => {
      // Gone when it was closed meanwhile.
      if (open.includes(handle)) webview.html = imagePage(webview, root, info);
    });
  };
  const provider = new ImageEditorProvider(resolve, {
    show,
    changed: (document) => {
      for (const editor of open) if (editor.document === document) editor.tell("changed", {});
    },
    locked: (document) => {
      for (const editor of [...open]) if (editor.document === document) editor.lock();
    },
  });

  const registration = vscode.window.registerCustomEditorProvider(IMAGE_EDITOR, provider, {
    supportsMultipleEditorsPerDocument: true,
  });
  context.subscriptions.push(
    registration,
    provider,
    onDidChangeLock(({ id, isLocked }) => {
      for (const { document } of [...open]) {
        if (!isIn(document.uri, id)) continue;
        if (isLocked) document.lock();
        else document.unlock();
      }
    }),
    selected,
    editCommands,
    registerHexCommands(() => open.at(-1), bookmarks),
    registerTreeCommands(() => open.at(-1), resolve, openAt),
  );
  return {
    active: () => open.at(-1),
    onDidSelect: selected.event,
    openAt,
    provider,
    dispose: () => void registration.dispose(),
  };
}

/** Whether a URI is one of a file inside the checkpoint of an id: `cryoscope:/ID/images/core-1.img`. */
const isIn = ({ scheme, path }: vscode.Uri, id: string): boolean =>
  scheme === "cryoscope" && path.split("/")[1] === id;

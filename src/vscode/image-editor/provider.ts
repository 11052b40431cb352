import * as vscode from "vscode";
import { showError } from "../messages.ts";
import type { ResolveImage } from "../resolved.ts";
import { ImageDocument } from "./document.ts";
import type { Restored } from "./document.ts";
import { backUp, drop, restore } from "./keeping.ts";
import { saveImage, saveImageAs } from "./saving.ts";

interface Views {
  /** Shows a document in an editor. */
  show(document: ImageDocument, panel: vscode.WebviewPanel): void;
  /** The image of a document is another one now. */
  changed(document: ImageDocument): void;
  /** The key of a document was forgotten. */
  locked(document: ImageDocument): void;
}

/** VS Code's contract for editors of its own: open, edit, save, revert, and keep what isn't saved. */
export class ImageEditorProvider implements vscode.CustomEditorProvider<ImageDocument>, vscode.Disposable {
  readonly #edits = new vscode.EventEmitter<vscode.CustomDocumentEditEvent<ImageDocument>>();
  readonly onDidChangeCustomDocument = this.#edits.event;
  readonly #resolve: ResolveImage;
  readonly #views: Views;
  readonly #begunWith = new WeakMap<ImageDocument, vscode.Uri>();

  constructor(resolve: ResolveImage, views: Views) {
    this.#resolve = resolve;
    this.#views = views;
  }

  async openCustomDocument(
    uri: vscode.Uri,
    { backupId }: vscode.CustomDocumentOpenContext,
  ): Promise<ImageDocument> {
    const restored = backupId === undefined ? undefined : await this.#restored(backupId, uri);
    const document: ImageDocument = new ImageDocument(
      uri,
      this.#resolve,
      {
        changed: () => {
          this.#views.changed(document);
        },
        locked: () => {
          this.#views.locked(document);
        },
        edited: (label) => {
          const { generation } = document;
          this.#edits.fire({
            document,
            label,
            undo: () => document.undo(generation),
            redo: () => document.redo(generation),
          });
        },
      },
      restored,
    );
    if (restored && backupId !== undefined) this.#begunWith.set(document, vscode.Uri.parse(backupId));
    watch(document);
    return document;
  }

  resolveCustomEditor(document: ImageDocument, panel: vscode.WebviewPanel): void {
    this.#views.show(document, panel);
  }

  async saveCustomDocument(document: ImageDocument, token: vscode.CancellationToken): Promise<void> {
    await saveImage(document, token);
    await this.#forget(document);
  }

  saveCustomDocumentAs(
    document: ImageDocument,
    target: vscode.Uri,
    token: vscode.CancellationToken,
  ): Promise<void> {
    return saveImageAs(document, target, token);
  }

  async revertCustomDocument(document: ImageDocument): Promise<void> {
    await document.revert();
    await this.#forget(document);
  }

  backupCustomDocument(
    document: ImageDocument,
    { destination }: vscode.CustomDocumentBackupContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.CustomDocumentBackup> {
    return backUp(document, destination, token);
  }

  dispose(): void {
    this.#edits.dispose();
  }

  /** VS Code drops the backups that it has made since its start, not the one that it began with. */
  async #forget(document: ImageDocument): Promise<void> {
    const backup = this.#begunWith.get(document);
    this.#begunWith.delete(document);
    if (backup) await drop(backup);
  }

  /** A backup that can't be read is said, and the file shown as it is. */
  async #restored(id: string, uri: vscode.Uri): Promise<Restored | undefined> {
    try {
      return await restore(id, uri);
    } catch (error) {
      void showError(error);
      return undefined;
    }
  }
}

/** Has a document look at its file when something writes to it. */
function watch(document: ImageDocument): void {
  if (document.uri.scheme !== "file") return;
  const folder = vscode.Uri.joinPath(document.uri, "..");
  const name = document.uri.path.slice(document.uri.path.lastIndexOf("/") + 1);
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, escaped(name)));
  const check = (): void => void document.checkFile().catch(showError);
  watcher.onDidChange(check);
  watcher.onDidCreate(check);
  watcher.onDidDelete(check);
  document.onDispose(watcher);
}

/** A name as a pattern that fits it alone. */
function escaped(name: string): string {
  return name.replace(/[[\]{}*?]/g, "[$&]");
}

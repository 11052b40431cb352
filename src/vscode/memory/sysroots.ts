import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";

/** The root folders or container images that a person named for files which checkpoints don't have. */
export class Sysroots implements vscode.Disposable {
  readonly #trees = new Map<string, FileTree>();
  readonly #changed = new vscode.EventEmitter<OpenCheckpoint>();
  readonly onDidChange = this.#changed.event;

  get({ id }: OpenCheckpoint): FileTree | undefined {
    return this.#trees.get(id);
  }

  /** Asks for a sysroot unless one is given. Throws what opening it throws. */
  async choose(entry: OpenCheckpoint, given?: vscode.Uri): Promise<void> {
    const [folder] = given
      ? [given]
      : ((await vscode.window.showOpenDialog({
          title: "Sysroot: a root folder or container image that has the program and its libraries",
          openLabel: "Use as Sysroot",
          canSelectFolders: true,
          canSelectFiles: true,
        })) ?? []);
    if (folder === undefined) return;
    const tree = await openTree(folder.fsPath);
    const old = this.#trees.get(entry.id);
    this.#trees.set(entry.id, tree);
    this.#changed.fire(entry);
    await old?.close();
  }

  closeAllBut(open: ReadonlySet<string>): void {
    for (const [id, tree] of this.#trees)
      if (!open.has(id)) {
        this.#trees.delete(id);
        void tree.close();
      }
  }

  dispose(): void {
    this.closeAllBut(new Set());
    this.#changed.dispose();
  }
}

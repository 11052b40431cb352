import * as vscode from "vscode";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import { MemoryEditor } from "./memory-editor.ts";
import type { Selection } from "./memory-editor.ts";
import type { Sysroots } from "./sysroots.ts";

/** The Memory editors that are open: one for each process of a checkpoint. */
export class MemoryEditors implements vscode.Disposable {
  readonly #root: vscode.Uri;
  readonly #sysroots: Sysroots;
  readonly #editors = new Map<string, MemoryEditor>();
  #last: MemoryEditor | undefined;

  constructor(extension: vscode.Uri, sysroots: Sysroots) {
    this.#sysroots = sysroots;
    sysroots.onDidChange(({ id }) => {
      this.reload(id);
    });
    this.#root = vscode.Uri.joinPath(extension, "dist", "webview");
  }

  /** Opens the memory of a process, or brings it to the front, and goes to an address. */
  open(entry: OpenCheckpoint, pid: number, go?: Selection): MemoryEditor {
    const key = `${entry.id}/${pid}`;
    const known = this.#editors.get(key);
    if (known) {
      if (go) known.go(go);
      else known.reveal();
      this.#last = known;
      return known;
    }
    const editor = new MemoryEditor(entry, pid, this.#root, () => this.#sysroots.get(entry), go);
    this.#editors.set(key, editor);
    this.#last = editor;
    editor.onDidClose(() => {
      this.#editors.delete(key);
      if (this.#last === editor) this.#last = undefined;
    });
    return editor;
  }

  /** The editor that has the focus, or had it last. */
  get active(): MemoryEditor | undefined {
    // VS Code tells a moment later that the editor before is no longer active.
    if (this.#last?.active === true) return this.#last;
    return [...this.#editors.values()].find(({ active }) => active) ?? this.#last;
  }

  /** Has those of a checkpoint show it as it is now. */
  reload(id: string): void {
    for (const editor of this.#editors.values()) if (editor.entry.id === id) editor.reload();
  }

  /** Closes those of checkpoints that are no longer open. */
  closeAllBut(open: ReadonlySet<string>): void {
    for (const editor of this.#editors.values()) if (!open.has(editor.entry.id)) editor.dispose();
  }

  dispose(): void {
    this.closeAllBut(new Set());
  }
}

/** A process of an open checkpoint. */
export interface Target {
  readonly entry: OpenCheckpoint;
  readonly pid: number;
}

/** Asks for a checkpoint and a process that has memory. Undefined when none was chosen. */
export async function chooseProcess(
  explorer: CheckpointExplorer,
  title: string,
): Promise<Target | undefined> {
  const entry = await explorer.choose(title);
  const checkpoint = await entry?.load();
  if (entry === undefined || checkpoint === undefined) return undefined;
  const items = checkpoint.processes
    .filter(({ state }) => state !== "zombie")
    .map(({ pid, comm, cmdline }) => ({ label: `${pid} ${comm}`, description: cmdline.join(" "), pid }));
  const [only] = items;
  if (items.length === 1 && only) return { entry, pid: only.pid };
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return picked && { entry, pid: picked.pid };
}

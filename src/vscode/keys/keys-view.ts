import * as vscode from "vscode";
import type { KeySourceItem } from "./model.ts";
import type { KeyRing } from "./ring.ts";

type Row = KeySourceItem | { readonly text: string; readonly icon: string };

/** The key ring as a tree: a row for each source, below it its keys and what they opened. */
export class KeysView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: { dispose(): void };

  constructor(private readonly ring: KeyRing) {
    this.#subscription = ring.onDidChange(() => {
      this.#changed.fire();
    });
  }

  getChildren(row?: Row): Row[] {
    if (row === undefined) return [...this.ring.sources()];
    if (!("id" in row)) return [];
    return [
      ...row.keys.map((text) => ({ text, icon: "key" })),
      ...row.opened.map((name) => ({ text: `opened ${name}`, icon: "unlock" })),
    ];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    if (!("id" in row)) {
      const item = new vscode.TreeItem(row.text);
      item.iconPath = new vscode.ThemeIcon(row.icon);
      return item;
    }
    const isLoaded = row.keys.length > 0;
    const state = isLoaded ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
    const item = new vscode.TreeItem(row.name, state);
    item.id = row.id;
    item.contextValue = "keySource";
    item.iconPath = new vscode.ThemeIcon(isLoaded ? "key" : "lock");
    item.description =
      row.opened.length > 0
        ? `opened ${row.opened.length === 1 ? row.opened.join() : `${row.opened.length} checkpoints`}`
        : isLoaded
          ? "not used yet"
          : "not loaded yet";
    item.tooltip = row.id;
    return item;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

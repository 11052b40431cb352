import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import type { Catalog } from "./catalog.ts";

/** The *Snapshots* view: the catalog, newest first. */
export class SnapshotsView implements vscode.TreeDataProvider<Snapshot> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly catalog: Catalog,
    private readonly loaded: () => void,
  ) {
    catalog.onDidChange(() => {
      this.changed.fire(undefined);
    });
  }

  async getChildren(snapshot?: Snapshot): Promise<Snapshot[]> {
    if (snapshot) return [];
    const all = await this.catalog.list();
    this.loaded();
    return [...all];
  }

  getTreeItem(snapshot: Snapshot): vscode.TreeItem {
    const item = new vscode.TreeItem(snapshot.name);
    const time = new Date(snapshot.time).toLocaleString();
    item.id = snapshot.id;
    // The name proposed begins with the container's: the time comes first where there is little room.
    item.description = `${time} · ${snapshot.container.name}`;
    item.iconPath = new vscode.ThemeIcon("device-camera");
    item.contextValue = "snapshot";
    item.tooltip = [
      snapshot.name,
      `${snapshot.container.name} (${snapshot.container.image})`,
      `${snapshot.engine.kind} ${snapshot.engine.version}, ${snapshot.engine.endpoint}`,
      time,
      snapshot.note,
    ]
      .filter((line) => line !== "")
      .join("\n");
    item.accessibilityInformation = {
      label: `Snapshot ${snapshot.name} of ${snapshot.container.name}, ${time}`,
    };
    return item;
  }
}

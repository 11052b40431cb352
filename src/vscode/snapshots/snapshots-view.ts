import * as vscode from "vscode";
import type { ChainNode, Snapshot } from "../../engine/index.ts";
import type { Catalog } from "./catalog.ts";
import { briefTime, localTime, megabytes } from "./facts.ts";

/** A row of the *Snapshots* view. */
export type SnapshotRow =
  | { readonly kind: "container"; readonly name: string; readonly snapshots: readonly Snapshot[] }
  | {
      readonly kind: "snapshot";
      readonly snapshot: Snapshot;
      readonly children: readonly SnapshotRow[];
      /** It stands below its container's row, which says the name. */
      readonly belowContainer?: true;
    };

/** `chain`: what was frozen after what. `timeline`: the snapshots of each container, newest first. */
export type Arrangement = "chain" | "timeline";

/** The *Snapshots* view: the catalog, as chains or as a timeline of each container. */
export class SnapshotsView implements vscode.TreeDataProvider<SnapshotRow> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private arrangement: Arrangement = "chain";

  constructor(
    private readonly catalog: Catalog,
    private readonly loaded: () => void,
  ) {
    catalog.onDidChange(() => {
      this.changed.fire(undefined);
    });
  }

  arrange(arrangement: Arrangement): void {
    this.arrangement = arrangement;
    this.changed.fire(undefined);
  }

  async getChildren(row?: SnapshotRow): Promise<SnapshotRow[]> {
    if (row?.kind === "snapshot") return [...row.children];
    if (row?.kind === "container")
      return row.snapshots.map((one) => ({ ...single(one), belowContainer: true }));
    const all = await this.catalog.list();
    this.loaded();
    if (all.length === 0) return [];
    if (this.arrangement === "timeline") return timelines(all);
    const { chains } = await import("../../engine/index.ts");
    return chains(all).map(chainRow);
  }

  getTreeItem(row: SnapshotRow): vscode.TreeItem {
    return row.kind === "container" ? containerItem(row) : snapshotItem(row);
  }
}

function timelines(all: readonly Snapshot[]): SnapshotRow[] {
  const byContainer = new Map<string, Snapshot[]>();
  for (const one of all) {
    const key = `${one.engine.endpoint} ${one.container.name || one.container.id}`;
    byContainer.set(key, [...(byContainer.get(key) ?? []), one]);
  }
  return [...byContainer.values()].map((snapshots) => ({
    kind: "container",
    name: snapshots[0]?.container.name ?? "",
    snapshots,
  }));
}

const single = (snapshot: Snapshot): Extract<SnapshotRow, { kind: "snapshot" }> => ({
  kind: "snapshot",
  snapshot,
  children: [],
});

function chainRow({ snapshot, children }: ChainNode): SnapshotRow {
  return { kind: "snapshot", snapshot, children: below(children) };
}

/** A line without branches stays one level deep, however long: only where a chain branches it goes in further. */
function below(children: readonly ChainNode[]): readonly SnapshotRow[] {
  const [only, ...others] = children;
  if (only === undefined || others.length > 0) return children.map(chainRow);
  if (only.children.length > 1) return [chainRow(only)];
  return [single(only.snapshot), ...below(only.children)];
}

function containerItem({ name, snapshots }: Extract<SnapshotRow, { kind: "container" }>): vscode.TreeItem {
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
  item.iconPath = new vscode.ThemeIcon("history");
  item.description = String(snapshots.length);
  item.contextValue = "timeline";
  item.accessibilityInformation = { label: `${name}, ${snapshots.length} snapshots` };
  return item;
}

function snapshotItem({
  snapshot,
  children,
  belowContainer,
}: Extract<SnapshotRow, { kind: "snapshot" }>): vscode.TreeItem {
  const { Expanded, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(snapshot.name, children.length > 0 ? Expanded : None);
  const time = localTime(snapshot);
  const tags = (snapshot.tags ?? []).map((tag) => `#${tag}`).join(" ");
  // Another id with the first child: VS Code would keep the row folded that it knew as one without.
  item.id = children.length > 0 ? `${snapshot.id} and later` : snapshot.id;
  // The name proposed begins with the container's: the time comes first where there is little room.
  item.description = [briefTime(snapshot), belowContainer === true ? "" : snapshot.container.name, tags]
    .filter((part) => part !== "")
    .join(" · ");
  item.iconPath = new vscode.ThemeIcon(
    snapshot.pinned === true ? "pinned" : snapshot.sealed === true ? "lock" : "device-camera",
  );
  item.contextValue = `snapshot${snapshot.pinned === true ? ".pinned" : ""}${hasFiles(snapshot) ? ".files" : ""}`;
  item.tooltip = tooltip(snapshot, time);
  item.accessibilityInformation = {
    label: `Snapshot ${snapshot.name} of ${snapshot.container.name}, ${time}${snapshot.pinned === true ? ", pinned" : ""}${tags === "" ? "" : `, ${tags}`}`,
  };
  return item;
}

const hasFiles = ({ checkpoint }: Snapshot): boolean =>
  checkpoint.kind === "archive" || checkpoint.kind === "folder";

function tooltip(snapshot: Snapshot, time: string): string {
  const { container, engine, size, sha256, sealed, sealedFor, note, imported, pre } = snapshot;
  return [
    snapshot.name,
    `${container.name} (${container.image})`,
    imported === true ? "imported" : `${engine.kind} ${engine.version}, ${engine.endpoint}`,
    time,
    size === undefined ? "" : megabytes(size) + (sealed === true ? ", sealed" : ""),
    pre === true ? "only memory, the start of a later snapshot" : "",
    sealedFor === undefined ? "" : `sealed for ${sealedFor.join(", ")}`,
    sha256 === undefined ? "" : `SHA-256 ${sha256}`,
    note,
  ]
    .filter((line) => line !== "")
    .join("\n");
}

import * as vscode from "vscode";
import type { Container, DiscoveredEngine, Engine } from "../../engine/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";
import { placeOf } from "./engine-words.ts";
import type { Engines } from "./engines.ts";

/** A row of the *Containers* view. */
export type ContainerRow =
  /** `place` tells it from one of the same name; empty where there is none. */
  | { readonly kind: "engine"; readonly engine: Engine; readonly place: string }
  | { readonly kind: "container"; readonly engine: Engine; readonly container: Container }
  | { readonly kind: "trouble"; readonly label: string; readonly sentence: string; readonly next: string };

/** Live containers under the engine that runs them; an engine that can't be used stands there with its reason. */
export class ContainersView implements vscode.TreeDataProvider<ContainerRow> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly engines: Engines) {
    engines.onDidChange(() => {
      this.changed.fire(undefined);
    });
  }

  async getChildren(row?: ContainerRow): Promise<ContainerRow[]> {
    if (row === undefined) return engineRows(await this.engines.all());
    if (row.kind !== "engine") return [];
    try {
      const containers = await row.engine.list();
      return [...containers]
        .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
        .map((container) => ({ kind: "container", engine: row.engine, container }));
    } catch (error) {
      return [troubleRow(row.engine.name, error)];
    }
  }

  getTreeItem(row: ContainerRow): vscode.TreeItem {
    switch (row.kind) {
      case "engine":
        return engineItem(row);
      case "container":
        return containerItem(row.engine, row.container);
      case "trouble":
        return troubleItem(row);
    }
  }
}

function engineRows(found: readonly DiscoveredEngine[]): ContainerRow[] {
  const engines = found.flatMap(({ engine }) => (engine ? [engine] : []));
  return found.map(({ engine, endpoint, problem }) =>
    engine ? { kind: "engine", engine, place: placeOf(engine, engines) } : troubleRow(endpoint, problem),
  );
}

const rank = (container: Container): number => (container.state === "running" ? 0 : 1);

function troubleRow(label: string, error: unknown): ContainerRow {
  const { message, next } = toCryoscopeError(error);
  return { kind: "trouble", label, sentence: message, next: next ?? "" };
}

function engineItem({ engine, place }: Extract<ContainerRow, { kind: "engine" }>): vscode.TreeItem {
  const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  // All processes of a machine are more than anyone wants to see unasked.
  const item = new vscode.TreeItem(
    engine.name,
    engine.capabilities.lists === "processes" ? Collapsed : Expanded,
  );
  const limits = [engine.capabilities.checkpoint, engine.capabilities.restore].flatMap((one) =>
    one.can ? [] : [one],
  );
  item.iconPath = new vscode.ThemeIcon(limits.length > 0 ? "warning" : "server");
  item.contextValue = "engine";
  item.description = [place, limits[0]?.sentence ?? ""].filter((part) => part !== "").join(" · ");
  item.tooltip = [engine.endpoint, ...limits.map((limit) => `${limit.sentence} ${limit.next}`)].join("\n");
  return item;
}

function containerItem(engine: Engine, container: Container): vscode.TreeItem {
  const item = new vscode.TreeItem(container.name);
  const running = container.state === "running";
  item.id = `${engine.endpoint}/${container.id}`;
  item.description = [container.image, container.status || container.state]
    .filter((part) => part !== "")
    .join(" · ");
  item.iconPath = new vscode.ThemeIcon(
    running ? "vm-running" : "vm-outline",
    running ? new vscode.ThemeColor("charts.green") : undefined,
  );
  item.contextValue = `container.${running ? "running" : "stopped"}${engine.capabilities.checkpoint.can ? ".freezable" : ""}`;
  item.tooltip = [
    container.name,
    container.id.slice(0, 12),
    container.image,
    container.command,
    container.status,
  ].join("\n");
  item.accessibilityInformation = { label: `${container.name}, ${container.image}, ${container.state}` };
  return item;
}

function troubleItem(row: Extract<ContainerRow, { kind: "trouble" }>): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label);
  item.description = row.sentence;
  item.tooltip = `${row.sentence} ${row.next}`.trim();
  item.iconPath = new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"));
  return item;
}

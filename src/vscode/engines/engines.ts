import * as vscode from "vscode";
import type { DiscoveredEngine, Engine, Snapshot } from "../../engine/index.ts";
import { engineGone } from "./errors.ts";
import { machineWithSudo } from "./sudo.ts";

/**
 * The engines that answer on this machine. Looked for when first asked and again on `refresh`; dockerode is loaded
 * no sooner than that.
 */
export class Engines implements vscode.Disposable {
  private found: Promise<readonly DiscoveredEngine[]> | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly settings = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("cryoscope.engine")) this.refresh();
  });

  /** What stands at each address that was tried: an engine, or the reason why it can't be used. */
  all(): Promise<readonly DiscoveredEngine[]> {
    this.found ??= discover();
    return this.found;
  }

  async usable(): Promise<readonly Engine[]> {
    return usableOf(await this.all());
  }

  /** The same; all are looked for anew when one at these addresses doesn't answer. */
  async usableAt(endpoints: readonly string[]): Promise<readonly Engine[]> {
    const known = await this.usable();
    const isIn = (engines: readonly Engine[]) => (wanted: string) =>
      engines.some(({ endpoint }) => endpoint === wanted);
    if (endpoints.every(isIn(known))) return known;
    const found = discover();
    const now = usableOf(await found);
    // What came is shown too; for what stays away nothing is drawn anew.
    if (endpoints.some((wanted) => isIn(now)(wanted) && !isIn(known)(wanted))) {
      this.found = found;
      this.changed.fire();
    }
    return now;
  }

  /** The engine a snapshot was made by. Throws `vscode.engineGone` when it doesn't answer any more. */
  async of(snapshot: Snapshot): Promise<Engine> {
    const engine = (await this.usable()).find((one) => one.endpoint === snapshot.engine.endpoint);
    if (!engine) throw engineGone(snapshot.engine.kind, snapshot.engine.endpoint);
    return engine;
  }

  refresh(): void {
    this.found = undefined;
    this.changed.fire();
  }

  dispose(): void {
    this.settings.dispose();
    this.changed.dispose();
  }
}

const usableOf = (found: readonly DiscoveredEngine[]): readonly Engine[] =>
  found.flatMap(({ engine }) => (engine ? [engine] : []));

async function discover(): Promise<readonly DiscoveredEngine[]> {
  const { discoverEngines } = await import("../../engine/index.ts");
  const endpoints = vscode.workspace.getConfiguration("cryoscope").get<string[]>("engine.endpoints", []);
  const machine = await machineWithSudo();
  return discoverEngines({ endpoints, ...(machine && { machine }) });
}

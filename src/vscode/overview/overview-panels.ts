import * as vscode from "vscode";
import type { OverviewRpc, OverviewTarget } from "../../protocol/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { viewPage } from "../page.ts";
import { serveView } from "../rpc.ts";
import { overviewOf } from "./overview.ts";

const VIEW = "cryoscope.overview";

/** Shows in the other views what a mark of the page stands for. */
export type Show = (entry: OpenCheckpoint, target: OverviewTarget) => Promise<void>;

/** The Overview pages, one for each checkpoint. */
export class OverviewPanels implements vscode.Disposable {
  readonly #root: vscode.Uri;
  readonly #show: Show;
  readonly #panels = new Map<string, vscode.WebviewPanel>();

  constructor(root: vscode.Uri, show: Show) {
    this.#root = root;
    this.#show = show;
  }

  /** Opens the page of a checkpoint, or brings it to the front. */
  open(entry: OpenCheckpoint): void {
    const known = this.#panels.get(entry.id);
    if (known) {
      known.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      VIEW,
      `Overview: ${nameOf(entry)}`,
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [this.#root], enableFindWidget: true },
    );
    this.#panels.set(entry.id, panel);
    const reading = new AbortController();
    const port = serveView<OverviewRpc>(
      panel.webview,
      {
        overview: async ({ again = false }) =>
          overviewOf(await (again ? entry.unlock() : entry.load()), reading.signal),
      },
      { open: (target) => void this.#show(entry, target) },
    );
    panel.onDidDispose(() => {
      reading.abort();
      port.dispose();
      this.#panels.delete(entry.id);
    });
    this.#load(panel);
  }

  /** Has the page of a checkpoint show it as it is now: locked, or open again. */
  reload(id: string): void {
    const panel = this.#panels.get(id);
    if (panel) this.#load(panel);
  }

  /** Closes the page of a checkpoint that is no longer open. */
  closeAllBut(open: ReadonlySet<string>): void {
    for (const [id, panel] of this.#panels) if (!open.has(id)) panel.dispose();
  }

  dispose(): void {
    this.closeAllBut(new Set());
  }

  #load({ webview }: vscode.WebviewPanel): void {
    webview.html = viewPage(webview, this.#root, "overview", "Cryoscope: Overview");
  }
}

function nameOf({ id, checkpoint }: OpenCheckpoint): string {
  return checkpoint?.container.name ?? checkpoint?.name ?? id;
}

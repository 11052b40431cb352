import * as vscode from "vscode";
import { findingsOf } from "../../analysis/index.ts";
import type { Finding } from "../../analysis/index.ts";
import type { OpenCheckpoints } from "./open-checkpoints.ts";

/** Rows of the *Checkpoint* view have such URIs, made of their ids, so that VS Code asks for their badges. */
const SCHEME = "cryoscope-row";

/** Ids of rows that can have badges: ID/process/PID, …/openFiles/FD, …/memoryMap/START. */
const ROW = /^\/(.+?)\/process\/(\d+)(?:\/(openFiles|memoryMap)\/([0-9a-f]+))?$/;

export const findingUri = (rowId: string): vscode.Uri =>
  vscode.Uri.from({ scheme: SCHEME, path: `/${rowId}` });

/**
 * Marks rows that deserve a look. VS Code asks for the rows on the screen only, and a process is looked into when its
 * row is: a checkpoint of thousands costs no more than what is seen of it.
 */
export class FindingBadges implements vscode.FileDecorationProvider {
  readonly #found = new WeakMap<object, Map<number, Promise<readonly Finding[]>>>();

  constructor(private readonly checkpoints: OpenCheckpoints) {}

  async provideFileDecoration(uri: vscode.Uri): Promise<vscode.FileDecoration | undefined> {
    if (uri.scheme !== SCHEME) return undefined;
    const [, id = "", pid = "", list, place = ""] = ROW.exec(uri.path) ?? [];
    const all = await this.#findings(id, Number(pid));
    const own = all.filter(({ place: at }) =>
      list === "openFiles"
        ? at.kind === "openFile" && at.fd === Number(place)
        : list === "memoryMap"
          ? at.kind === "mapping" && at.start === BigInt(`0x${place}`)
          : true,
    );
    return badge(list === undefined ? own.filter(({ severity }) => severity === "warning") : own);
  }

  async #findings(id: string, pid: number): Promise<readonly Finding[]> {
    const checkpoint = this.checkpoints.get(id)?.checkpoint;
    const process = checkpoint?.process(pid);
    if (checkpoint === undefined || process === undefined) return [];
    const known = this.#found.get(checkpoint) ?? new Map<number, Promise<readonly Finding[]>>();
    this.#found.set(checkpoint, known);
    const found = known.get(pid) ?? findingsOf(checkpoint, process);
    known.set(pid, found);
    return found;
  }
}

function badge(findings: readonly Finding[]): vscode.FileDecoration | undefined {
  if (findings.length === 0) return undefined;
  const isWarning = findings.some(({ severity }) => severity === "warning");
  const titles = [...new Set(findings.map(({ title }) => title))].join(", ");
  return new vscode.FileDecoration(
    isWarning ? "!" : "i",
    titles,
    new vscode.ThemeColor(isWarning ? "list.warningForeground" : "charts.blue"),
  );
}

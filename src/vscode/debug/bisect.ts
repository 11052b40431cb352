// Bisection from the Snapshots view: a command run in the container, over the snapshots of that container.
import * as vscode from "vscode";
import { bisectSnapshots } from "../../debug/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import { signalOf } from "../messages.ts";
import { askToReplace, assertMayRun } from "../snapshots/index.ts";
import type { LiveParts } from "./live-work.ts";

const DEBUG = "Restore and Debug";

/**
 * Asks for a command and finds the first snapshot of the same container in which it no longer ends with 0. Copies are
 * restored where the engine can make them; gives the snapshot, or undefined when the user turns away.
 */
export async function bisectFrom(
  chosen: Snapshot,
  command: string | undefined,
  { engines, catalog, leftovers }: Pick<LiveParts, "engines" | "catalog" | "leftovers">,
): Promise<Snapshot | undefined> {
  const row = (await catalog.list())
    .filter(
      ({ container, engine }) =>
        container.id === chosen.container.id && engine.endpoint === chosen.engine.endpoint,
    )
    .sort((a, b) => a.time.localeCompare(b.time));
  for (const snapshot of row) await assertMayRun(snapshot);
  const words = command ?? (await askForCommand(row));
  if (words === undefined || words === "") return undefined;
  await leftovers.sweep();
  const engine = await engines.of(chosen);
  const copy = engine.capabilities.restoreOptions.includes("name");
  if (!copy) await askToReplace(engine, chosen);
  const found = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Bisecting ${row.length} snapshots of ${chosen.container.name}`,
      cancellable: true,
    },
    (progress, token) =>
      bisectSnapshots(
        { engine, snapshots: row, copy, note: leftovers.note },
        { argv: ["/bin/sh", "-c", words], inside: true },
        {
          signal: signalOf(token),
          onTry: (index, left) => {
            progress.report({ message: `${row[index]?.name ?? ""} (${left} more at most)` });
          },
        },
      ),
  );
  engines.refresh();
  const first = row[found.first];
  const between = found.first - found.last - 1;
  // Not awaited: the message may stay for long, the command is over.
  void vscode.window
    .showInformationMessage(
      `“${first?.name ?? ""}” is the first in which it is different; “${row[found.last]?.name ?? ""}” is as before.` +
        (between > 0 ? ` ${between} between them can't be told.` : ""),
      DEBUG,
    )
    .then((answer) =>
      answer === DEBUG ? vscode.commands.executeCommand("cryoscope.restoreAndDebug", first) : undefined,
    );
  return first;
}

function askForCommand(row: readonly Snapshot[]): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: `Bisect ${row.length} snapshots of ${row[0]?.container.name ?? ""}`,
    prompt: "A shell command, run in the restored container: 0 as before, 125 can't tell, else different",
    placeHolder: "grep -q ready /tmp/state",
  });
}

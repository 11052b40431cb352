import * as vscode from "vscode";
import { bisectSnapshots } from "../../debug/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import { signalOf } from "../messages.ts";
import { askToReplace, assertMayRun } from "../snapshots/index.ts";
import { debugErrors } from "./errors.ts";
import type { BisectParts, Turn } from "./bisect.ts";

/**
 * The first of a row in which a shell command, run in the restored container, no longer ends with 0. Copies are restored
 * where the engine can make them.
 */
export async function bisectByCommand(
  row: readonly Snapshot[],
  words: string,
  { engines, leftovers }: BisectParts,
): Promise<Turn> {
  for (const snapshot of row) await assertMayRun(snapshot);
  const [chosen] = row;
  if (chosen === undefined) throw debugErrors.noSnapshot("");
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
  const untold = row.slice(found.last + 1, found.first).map(() => undefined);
  return { first: row[found.first], last: row[found.last], words: "different", untold };
}

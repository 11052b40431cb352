import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import { bisectFrozen, inMemory, isTrue } from "../../debug/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import { openMemory } from "../../memory/index.ts";
import { signalOf } from "../messages.ts";
import { filesOf } from "../snapshots/index.ts";
import type { AskedOfSnapshots, BisectParts, Turn } from "./bisect.ts";

/**
 * The first of a row whose frozen images give another answer than those of the oldest. Nothing is restored; sealed ones
 * are opened with the keys of the ring, or one that is asked for.
 */
export async function bisectByCondition(
  row: readonly Snapshot[],
  asked: Exclude<AskedOfSnapshots, { readonly kind: "command" }>,
  { engines, catalog, checkpoint }: BisectParts,
): Promise<Turn> {
  const condition = asked.kind === "memory" ? inMemory(asked.query, asked.filter) : isTrue(asked.text);
  const root = asked.kind === "expression" ? asked.sysroot : undefined;
  const sysroot = root === undefined ? undefined : await openTree(root);
  const told: string[] = [];
  const search = vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Bisecting ${row.length} snapshots of ${row[0]?.container.name ?? ""}`,
      cancellable: true,
    },
    (progress, token) => {
      const signal = signalOf(token);
      const say = (index: number, words: string): void => {
        progress.report({ message: `${row[index]?.name ?? ""}: ${words}` });
      };
      return bisectFrozen(
        row.length,
        async (index, use) => {
          const snapshot = row[index];
          if (snapshot === undefined) return false;
          const files = await filesOf(engines, snapshot, catalog);
          return checkpoint.lookInto(
            files,
            async (opened) => {
              const memory = openMemory(opened, { sysroot });
              try {
                return await use(memory);
              } finally {
                await memory.close();
              }
            },
            signal,
          );
        },
        condition,
        {
          ...{ signal, sysroot },
          onTry: (index, left) => {
            say(index, `asking (${left} more at most)`);
          },
          onAnswer: (index, answer) => {
            const isTold = typeof answer === "boolean";
            if (!isTold) told[index] = answer.message;
            const { yes, no } = condition.words;
            say(index, isTold ? (answer ? yes : no) : "can't be told");
          },
        },
      );
    },
  );
  const { first, last, answer } = await Promise.resolve(search).finally(() => sysroot?.close());
  return {
    ...{ first: row[first], last: row[last] },
    words: answer ? condition.words.yes : condition.words.no,
    untold: row.slice(last + 1, first).map((_, at) => told[last + 1 + at]),
  };
}

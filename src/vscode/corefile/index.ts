import * as vscode from "vscode";
import { openFileSink, writeCore } from "../../corefile/index.ts";
import { openMemory } from "../../memory/index.ts";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import type { AttachedSessions } from "../debug/index.ts";
import { command, signalOf } from "../messages.ts";
import { registerOpenCore } from "./open-core.ts";

/** The row of a process in the *Checkpoint* view. */
interface ProcessRow {
  readonly entry: OpenCheckpoint;
  readonly process: { readonly pid: number; readonly comm: string };
}

/** Registers *Export ELF Core…*, which writes a frozen process for gdb and lldb. Gives the file that was written. */
export function registerCorefile(
  context: vscode.ExtensionContext,
  {
    checkpoint: explorer,
    attached,
  }: { readonly checkpoint: CheckpointExplorer; readonly attached: AttachedSessions },
): void {
  context.subscriptions.push(
    command("cryoscope.exportCore", async (row?: ProcessRow, target?: unknown) => {
      const chosen = row ?? (await chooseProcess(explorer));
      return chosen && exportCore(chosen, target);
    }),
    registerOpenCore(attached, async (row) => {
      // The rows of the view that has the command are those of processes.
      const chosen = (row as ProcessRow | undefined) ?? (await chooseProcess(explorer));
      const file = chosen && (await exportCore(chosen));
      if (file === undefined || chosen === undefined) return undefined;
      const { entry, process } = chosen;
      const { pid, comm } = process;
      // Of the program a row has no more than its name.
      const paths = await (await entry.load())?.paths(pid);
      return { file, process: { pid, comm, exe: paths?.value.exe } };
    }),
  );
}

/** Asks where to, and writes. Gives the file. */
async function exportCore(chosen: ProcessRow, target?: unknown): Promise<vscode.Uri | undefined> {
  const { pid, comm } = chosen.process;
  const file =
    target instanceof vscode.Uri
      ? target
      : await vscode.window.showSaveDialog({
          title: "Export ELF Core",
          defaultUri: vscode.Uri.joinPath(chosen.entry.source, "..", `core.${pid}`),
        });
  if (file === undefined) return undefined;
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Writing the core of ${pid} ${comm.replace(/[^\w.-]/g, "?")}`,
      cancellable: true,
    },
    (progress, token) => writeTo(file.fsPath, chosen, progress, signalOf(token)),
  );
  return file;
}

async function chooseProcess(explorer: CheckpointExplorer): Promise<ProcessRow | undefined> {
  const entry = await explorer.choose("Export ELF Core");
  const checkpoint = await entry?.load();
  if (entry === undefined || checkpoint === undefined) return undefined;
  const items = checkpoint.processes
    .filter(({ state }) => state !== "zombie")
    .map((process) => ({
      label: `${process.pid} ${process.comm}`,
      description: process.cmdline.join(" "),
      process,
    }));
  const picked = await vscode.window.showQuickPick(items, { title: "Export ELF Core" });
  return picked && { entry, process: picked.process };
}

async function writeTo(
  path: string,
  { entry, process: { pid } }: ProcessRow,
  progress: vscode.Progress<{ readonly increment?: number }>,
  signal: AbortSignal,
): Promise<void> {
  const checkpoint = await entry.load();
  const memory = openMemory(checkpoint);
  try {
    const sink = await openFileSink(path);
    let told = 0;
    try {
      await writeCore(checkpoint, memory, pid, sink, {
        signal,
        progress: (done, of) => {
          progress.report({ increment: ((done - told) / of) * 100 });
          told = done;
        },
      });
      await sink.done();
    } catch (error) {
      await sink.discard();
      throw error;
    }
  } finally {
    await memory.close();
  }
}

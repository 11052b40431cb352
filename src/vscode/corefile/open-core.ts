import * as vscode from "vscode";
import { coreOpening, Resources } from "../../debug/index.ts";
import { chooseSysroot, editorDebuggers } from "../debug/index.ts";
import type { AttachedSessions } from "../debug/index.ts";
import { command } from "../messages.ts";

/** What the core was made of. */
interface Frozen {
  readonly pid: number;
  readonly comm: string;
  /** Of its program, in the process's root. */
  readonly exe: string | undefined;
}

/** The row of a process in the *Checkpoint* view. */
interface ProcessRow {
  readonly process: Omit<Frozen, "exe">;
}

/** Saves the core of a process; the file and the process, or undefined when the user thought better of it. */
export type SaveCore = (
  row: ProcessRow | undefined,
) => Promise<{ readonly file: vscode.Uri; readonly process: Frozen } | undefined>;

const HOW = { stopOnEntry: true, localRoots: [] };

/** Starts a session, at whose end what was opened for it is given back. */
async function startOwning(own: Resources, configuration: vscode.DebugConfiguration): Promise<boolean> {
  let begun: string | undefined;
  const listening = vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession((session) => {
      if (session.configuration.name === configuration.name) begun ??= session.id;
    }),
    vscode.debug.onDidTerminateDebugSession(({ id }) => {
      if (id === begun) end();
    }),
  );
  const end = (): void => {
    listening.dispose();
    void own.dispose();
  };
  const isStarted = await vscode.debug.startDebugging(undefined, configuration);
  if (!isStarted) end();
  return isStarted;
}

const ROOTS = {
  // Debuggers read no container images.
  foldersOnly: true,
  without: "Stacks and names only as far as the core itself has them.",
};

/**
 * *Open Core in Debugger…*: saves the core of a process where the user says, and opens it with the debugger that is here:
 * a session of the editor, or gdb or lldb in a terminal.
 */
export function registerOpenCore(attached: AttachedSessions, save: SaveCore): vscode.Disposable {
  return command("cryoscope.openCore", async (row?: ProcessRow) => {
    const saved = await save(row);
    const place = saved && (await chooseSysroot("Open Core in Debugger", ROOTS));
    if (saved === undefined || place === undefined) return undefined;
    const { pid, comm, exe } = saved.process;
    const name = `Core of ${pid} ${comm.replace(/[^\w.-]/g, "?")}`;
    const core = { core: saved.file.fsPath, exe, sysroot: place.sysroot, name };
    const own = new Resources();
    const work = { own, log: () => undefined, signal: undefined };
    const opening = await coreOpening(core, editorDebuggers(), work);
    if (opening.kind === "session") return startOwning(own, attached.configure(opening, HOW));
    vscode.window.createTerminal({ name, shellPath: opening.program, shellArgs: [...opening.args] }).show();
    return true;
  });
}

// criu for a user who isn't root: through sudo, in a terminal that asks for the password and shows what criu says.
import * as vscode from "vscode";
import type { Machine, RunResult } from "../../engine/index.ts";

/**
 * This machine; when this user isn't root and there is sudo, one whose programs that need root are run through it in a
 * terminal. Undefined where there is nothing to change.
 */
export async function machineWithSudo(): Promise<Machine | undefined> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined || uid === 0) return undefined;
  const { asRoot, isOnPath, thisMachine } = await import("../../engine/index.ts");
  const machine = thisMachine();
  if (!(await isOnPath("sudo", machine))) return undefined;
  return {
    ...machine,
    elevates: true,
    run(program, args, options = {}) {
      if (options.asRoot !== true) return machine.run(program, args, options);
      const folder = options.writes === undefined ? {} : { folder: options.writes };
      return runInTerminal(`${program} as root`, asRoot(program, args, { ...folder, uid, gid }));
    },
  };
}

const BEGIN_MILLISECONDS = 20_000;

/**
 * Runs a command in a terminal of its own, with these arguments and without a shell, until it ends. What it says is in
 * the terminal alone. One that is closed by the user before has failed.
 */
export async function runInTerminal(title: string, command: readonly string[]): Promise<RunResult> {
  const [file = "", ...args] = command;
  const task = new vscode.Task(
    { type: "cryoscope-terminal" },
    vscode.TaskScope.Workspace,
    title,
    "Cryoscope",
    new vscode.ProcessExecution(file, args),
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    panel: vscode.TaskPanelKind.Dedicated,
    focus: true,
    showReuseMessage: false,
  };
  const listening: vscode.Disposable[] = [];
  try {
    const ended = new Promise<number>((resolve) => {
      // The execution isn't known before the task runs; only one of this name runs at a time.
      const isOurs = (execution: vscode.TaskExecution): boolean => execution.task.name === title;
      listening.push(
        vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
          if (isOurs(execution)) resolve(exitCode ?? 130);
        }),
        vscode.tasks.onDidStartTaskProcess(({ execution }) => {
          if (isOurs(execution)) clearTimeout(notBegun);
        }),
      );
      // A program that can't be started has no end that VS Code would tell.
      const notBegun = setTimeout(resolve, BEGIN_MILLISECONDS, 127);
    });
    await vscode.tasks.executeTask(task);
    const code = await ended;
    const why = `${file} ended with ${code}, and its terminal shows why`;
    return { code, stdout: "", stderr: code === 0 ? "" : why };
  } finally {
    for (const one of listening) one.dispose();
  }
}

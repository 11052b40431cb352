import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";

/** Milliseconds that a debugger has to let go. */
const PATIENCE = 5000;

/**
 * Detaches all debug sessions of this window and gives what attaches them again, with the configurations they had.
 * Undefined when none is attached. Sessions that would end their debuggee are never stopped: only those that attached.
 */
export function attachedDebuggers(
  sessions: ReadonlySet<vscode.DebugSession>,
): { readonly detach: () => Promise<void>; readonly attach: () => Promise<void> } | undefined {
  const attached = [...sessions].filter(
    ({ configuration, parentSession }) => configuration.request === "attach" && parentSession === undefined,
  );
  if (attached.length === 0) return undefined;
  return {
    async detach() {
      for (const session of attached) {
        await session.customRequest("disconnect", { terminateDebuggee: false });
        // It has let go when VS Code has been told so; one that never tells is not waited for.
        for (const end = Date.now() + PATIENCE; sessions.has(session) && Date.now() < end;) await sleep(20);
      }
    },
    async attach() {
      for (const { workspaceFolder, configuration } of attached)
        await vscode.debug.startDebugging(workspaceFolder, configuration);
    },
  };
}

/** Keeps the set of running debug sessions; VS Code tells only of their beginning and end. */
export function trackSessions(): {
  readonly sessions: ReadonlySet<vscode.DebugSession>;
  readonly tracking: vscode.Disposable;
} {
  const sessions = new Set<vscode.DebugSession>();
  const tracking = vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession((session) => sessions.add(session)),
    vscode.debug.onDidTerminateDebugSession((session) => sessions.delete(session)),
  );
  return { sessions, tracking };
}

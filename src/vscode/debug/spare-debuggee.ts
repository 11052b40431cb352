import * as vscode from "vscode";

/** A DAP request as VS Code sends it; only what is looked at here. */
export interface Request {
  type?: string;
  command?: string;
  arguments?: Record<string, unknown>;
}

/**
 * Turns every request that would end the debuggee into a plain disconnect, in place.
 *
 * The JavaScript debugger ends a process that it is attached to by killing the tree below the pid which the process
 * has in its own namespace: in a container usually 1. On this machine that is init, and with it everything that runs.
 * VS Code asks for it whenever a session is stopped from code, or with the session around it.
 */
function spareDebuggee(request: Request): void {
  if (request.type !== "request") return;
  if (request.command !== "disconnect" && request.command !== "terminate") return;
  request.command = "disconnect";
  request.arguments = { ...request.arguments, terminateDebuggee: false };
}

/** Guards the debuggers that run below a `cryoscope` session. */
export function sparingTracker(): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory("*", {
    createDebugAdapterTracker: (session) =>
      session.type !== "cryoscope" && isBelowOurs(session)
        ? {
            // VS Code hands the adapter the same object after this.
            onWillReceiveMessage: (message: unknown) => {
              if (typeof message === "object" && message !== null) spareDebuggee(message);
            },
          }
        : undefined,
  });
}

function isBelowOurs(session: vscode.DebugSession): boolean {
  for (let parent = session.parentSession; parent; parent = parent.parentSession)
    if (parent.type === "cryoscope") return true;
  return false;
}

import * as vscode from "vscode";
import { thenPause } from "../../debug/index.ts";

/** The key in a configuration by which a session that is to stop on entry knows that its debugger has no way to do so. */
export const PAUSE = "__cryoscopePause";

/** Pauses what runs on when such a debugger has attached. The JavaScript debugger's threads are in a session below its first. */
export function entryPause(): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory("*", {
    createDebugAdapterTracker: (session) => (isToPause(session) ? pausing(session) : undefined),
  });
}

function pausing(session: vscode.DebugSession): vscode.DebugAdapterTracker {
  const onMessage = thenPause((threadId) => {
    // It may have come to a breakpoint, or to its end, by itself.
    session.customRequest("pause", { threadId }).then(undefined, () => undefined);
  });
  return { onDidSendMessage: onMessage };
}

function isToPause(session: vscode.DebugSession): boolean {
  for (let one: vscode.DebugSession | undefined = session; one !== undefined; one = one.parentSession) {
    if (one.configuration[PAUSE] === true) return one.parentSession?.type === "cryoscope";
  }
  return false;
}

import * as vscode from "vscode";
import { onEntry } from "../../debug/index.ts";

/**
 * For the debuggers below a `cryoscope` session that are to stop on entry: since the session is, or to hold what *Freeze Here*
 * held. VS Code hands on the object that its trackers saw.
 */
export function entryTracker(): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory("*", {
    createDebugAdapterTracker: ({ configuration, parentSession }) =>
      parentSession?.type === "cryoscope" &&
      (stopsOnEntry(parentSession.configuration) || stopsOnEntry(configuration))
        ? { onDidSendMessage: onEntry() }
        : undefined,
  });
}

const stopsOnEntry = ({ stopOnEntry, stopped }: vscode.DebugConfiguration): boolean =>
  stopOnEntry === true || stopped === true;

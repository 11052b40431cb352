import * as vscode from "vscode";
import { onEntry } from "../../debug/index.ts";

/** For the debuggers below a `cryoscope` session that stops on entry; VS Code hands on the object that its trackers saw. */
export function entryTracker(): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory("*", {
    createDebugAdapterTracker: ({ parentSession }) =>
      parentSession?.type === "cryoscope" && stopsOnEntry(parentSession.configuration)
        ? { onDidSendMessage: onEntry() }
        : undefined,
  });
}

const stopsOnEntry = ({ stopOnEntry, stopped }: vscode.DebugConfiguration): boolean =>
  stopOnEntry === true || stopped === true;

import * as vscode from "vscode";
import { CryoscopeError } from "../../bytes/index.ts";
import { showError } from "../messages.ts";

const FROZEN = "Debug Frozen Process";

/**
 * Shows an error of a live session with a button that debugs the frozen images instead, where no live debugger can be
 * had. Gives whether it was shown.
 */
export function explainLiveError(error: unknown, { snapshot }: vscode.DebugConfiguration): boolean {
  if (!(error instanceof CryoscopeError) || !/^debug\./.test(error.code)) return false;
  if (typeof snapshot !== "string" || snapshot === "") return false;
  void showError(error, FROZEN).then((answer) =>
    answer === FROZEN ? vscode.commands.executeCommand("cryoscope.debugFrozenSnapshot", snapshot) : undefined,
  );
  return true;
}

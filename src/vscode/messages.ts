import * as vscode from "vscode";
import type { EngineProgress } from "../engine/index.ts";
import { isCancelled, toCryoscopeError } from "../bytes/index.ts";

/**
 * Tells the user what went wrong and what to do: sentence, place, next step. Nothing when the work was cancelled.
 * Returns the label of the button the user chose.
 */
export async function showError(error: unknown, ...buttons: string[]): Promise<string | undefined> {
  if (isCancelled(error) || error instanceof vscode.CancellationError) return undefined;
  const { message, next } = toCryoscopeError(error);
  return vscode.window.showErrorMessage(next ? `${message} ${next}` : message, ...buttons);
}

/** An AbortSignal that follows a CancellationToken, for the floors that know no VS Code. */
export function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

/**
 * Registers a command whose errors are shown to the person who ran it. The command then gives undefined; code that
 * needs the error calls the function behind the command instead.
 */
export function command<A extends unknown[]>(
  name: string,
  run: (...args: A) => Promise<unknown> | unknown,
): vscode.Disposable {
  return vscode.commands.registerCommand(name, async (...args: A) => {
    try {
      return await run(...args);
    } catch (error) {
      // Not awaited: the message may stay for hours, the command is over now.
      void showError(error);
      return undefined;
    }
  });
}

/**
 * Asks before what can't be taken back, and says whether the answer was `act`. The first button has the focus, so that is
 * `keep`, which changes nothing: nothing is lost by Enter. VS Code adds Cancel, which can't be the first.
 */
export async function isSure(
  question: string,
  { detail, keep, act }: { readonly detail: string; readonly keep: string; readonly act: string },
): Promise<boolean> {
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, keep, act)) === act;
}

const PHASES: Readonly<Record<EngineProgress["phase"], string>> = {
  freezing: "CRIU is at work",
  writing: "writing the archive",
  stopping: "stopping the container",
  restoring: "CRIU is at work",
  waiting: "waiting for the engine",
};

/** For a progress notification, whose title says the rest: `memory`, `writing the archive, 12.3 MB`. */
export function progressWords({ phase, criu, bytes }: EngineProgress): string {
  const words = criu ?? PHASES[phase];
  return bytes === undefined ? words : `${words}, ${(bytes / 1e6).toFixed(1)} MB`;
}

import * as vscode from "vscode";

/** Asks before something that may be regretted; whether the person said yes. */
export async function confirm(message: string, detail: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) === yes;
}

/** A list for the detail of a question, not longer than a screen. */
export function listed(lines: readonly string[], most = 8): string {
  const more = lines.length - most;
  return [...lines.slice(0, most), ...(more > 0 ? [`and ${String(more)} more`] : [])].join("\n");
}

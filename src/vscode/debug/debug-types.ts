import * as vscode from "vscode";
import { debuggersHere } from "../../debug/index.ts";
import type { DebuggersHere } from "../../debug/index.ts";

/** The debuggers of this machine and of the editor; settings are those of the folder. */
export const editorDebuggers = (folder?: vscode.WorkspaceFolder): DebuggersHere =>
  debuggersHere(debugTypes(), undefined, (name) =>
    vscode.workspace.getConfiguration(undefined, folder ?? null).get(name),
  );

/** The debug types that all extensions contribute. */
export function debugTypes(): readonly string[] {
  return vscode.extensions.all.flatMap(({ packageJSON }) => {
    const { contributes } = packageJSON as { contributes?: { debuggers?: readonly { type?: unknown }[] } };
    const debuggers = Array.isArray(contributes?.debuggers) ? contributes.debuggers : [];
    return debuggers.flatMap(({ type }: { readonly type?: unknown }) =>
      typeof type === "string" ? [type] : [],
    );
  });
}

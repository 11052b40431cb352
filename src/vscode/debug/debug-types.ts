import * as vscode from "vscode";

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

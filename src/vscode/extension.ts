import type { ExtensionContext } from "vscode";

/** Called by VS Code when a command, a view or an editor of ours is first needed. */
export function activate(_context: ExtensionContext): void {
  // Each part of the extension registers itself here.
}

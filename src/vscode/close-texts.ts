import * as vscode from "vscode";

/**
 * Closes the text editors that show something below `/id` of a scheme, comparisons too: VS Code keeps their text, and
 * never asks again for what a file system says is gone.
 */
export async function closeTexts(scheme: string, id: string): Promise<void> {
  const isIn = ({ scheme: own, path }: vscode.Uri): boolean => own === scheme && path.split("/")[1] === id;
  const tabs = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(({ input }) =>
      input instanceof vscode.TabInputText
        ? isIn(input.uri)
        : input instanceof vscode.TabInputTextDiff && (isIn(input.original) || isIn(input.modified)),
    );
  if (tabs.length > 0) await vscode.window.tabGroups.close(tabs);
}

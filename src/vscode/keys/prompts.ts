import { basename } from "node:path";
import * as vscode from "vscode";
import type { KeyPrompts } from "./ring.ts";

const TITLE = "This checkpoint is sealed for an RSA key";

/** The dialogs that ask for keys. */
export const keyPrompts: KeyPrompts = {
  async chooseKey(locked) {
    if (locked.length === 0) return chooseKeyFile();
    const items = [
      ...locked.map((path) => ({ label: `$(lock) ${basename(path)}`, description: path, path })),
      { label: "$(folder-opened) Choose another private key…", path: undefined },
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      title: TITLE,
      placeHolder: "Unlock a key that you used before, or choose another one",
      ignoreFocusOut: true,
    });
    return chosen === undefined ? undefined : (chosen.path ?? chooseKeyFile());
  },

  async passphrase(path, wasWrong) {
    return vscode.window.showInputBox({
      title: `Passphrase of ${basename(path)}`,
      prompt: wasWrong
        ? "That passphrase does not open the key. Try again."
        : "The private key is protected.",
      password: true,
      ignoreFocusOut: true,
    });
  },

  async rememberPassphrase(path) {
    const remember = "Remember";
    const answer = await vscode.window.showQuickPick([`Don't ${remember.toLowerCase()}`, remember], {
      title: `Remember the passphrase of ${basename(path)}?`,
      placeHolder: "It would be kept in VS Code's secret storage, until “Cryoscope: Forget Keys”",
      ignoreFocusOut: true,
    });
    return answer === remember;
  },
};

/** Asks for a private key file. */
export async function chooseKeyFile(): Promise<string | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: `${TITLE}. Choose the private key (PEM)…`,
      openLabel: "Use This Key",
      canSelectMany: false,
      filters: { "Private keys": ["pem", "key", "der", "p8"], "All files": ["*"] },
    })) ?? [];
  return file?.fsPath;
}

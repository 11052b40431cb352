import { basename } from "node:path";
import * as vscode from "vscode";
import type { KeyChoice, KeyPrompts, KeyWish } from "./model.ts";

/** Rows of the question for a key, in this order behind the locked ones. */
const WAYS: readonly (vscode.QuickPickItem & { readonly choose: () => Promise<KeyChoice | undefined> })[] = [
  {
    label: "$(key) Choose a key file…",
    description: "private key (PEM, DER, JWK), age identity, OpenPGP secret key, raw key, key provider",
    choose: chooseFile,
  },
  { label: "$(lock) Type a passphrase…", choose: typePassphrase },
  {
    label: "$(terminal) Use gpg and its agent",
    description: "the OpenPGP keys of your keyring",
    choose: () => Promise.resolve({ kind: "gpg" }),
  },
];

/** The dialogs that ask for keys. */
export const keyPrompts: KeyPrompts = {
  async chooseKey(locked, wish) {
    const items = [
      ...locked.map((path) => ({
        label: `$(lock) ${basename(path)}`,
        description: path,
        choose: (): Promise<KeyChoice> => Promise.resolve({ kind: "file", path }),
      })),
      ...WAYS,
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      title: wish.sentence,
      placeHolder: wish.next,
      ignoreFocusOut: true,
    });
    return chosen?.choose();
  },

  async passphrase(path, wasWrong) {
    return vscode.window.showInputBox({
      title: `Passphrase of ${basename(path)}`,
      prompt: wasWrong ? "That passphrase does not open the key. Try again." : "The key is protected.",
      password: true,
      ignoreFocusOut: true,
    });
  },

  async rememberPassphrase(path) {
    const remember = "Remember";
    const answer = await vscode.window.showQuickPick([`Don't ${remember.toLowerCase()}`, remember], {
      title: `Remember the passphrase of ${basename(path)}?`,
      placeHolder: "It would be kept in VS Code's secret storage, until “Cryoscope: Forget All Keys”",
      ignoreFocusOut: true,
    });
    return answer === remember;
  },
};

/** Asks for a key to add to the ring, of whatever kind. */
export function chooseKeyToAdd(): Promise<KeyChoice | undefined> {
  const wish: KeyWish = { sentence: "Add a key", next: "It is tried on everything sealed from now on" };
  return keyPrompts.chooseKey([], wish);
}

async function chooseFile(): Promise<KeyChoice | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Choose a key file",
      openLabel: "Use This Key",
      canSelectMany: false,
      filters: {
        Keys: ["pem", "key", "der", "p8", "jwk", "json", "txt", "asc", "gpg", "pgp", "bin"],
        "All files": ["*"],
      },
    })) ?? [];
  return file && { kind: "file", path: file.fsPath };
}

async function typePassphrase(): Promise<KeyChoice | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Passphrase of the checkpoint",
    prompt: "It is kept in memory until VS Code is closed, and nowhere else.",
    password: true,
    ignoreFocusOut: true,
  });
  return text === undefined ? undefined : { kind: "passphrase", text };
}

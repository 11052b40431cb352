// keys: the private keys that open sealed checkpoints, and how the person is asked for them.
import * as vscode from "vscode";
import { command } from "../messages.ts";
import { chooseKeyFile, keyPrompts } from "./prompts.ts";
import { KeyRing, type KeyStore } from "./ring.ts";

export { KeyRing } from "./ring.ts";

/** The session's keys, with the commands *Add Private Key…* and *Forget Keys*. Its `sealFor` is what floors ask. */
export function createKeyRing(context: vscode.ExtensionContext): KeyRing {
  const ring = new KeyRing(keyStore(context), keyPrompts);
  context.subscriptions.push(
    ring,
    // Other extensions and tests may name the file instead of having the person choose it.
    command("cryoscope.addKeyFile", async (file?: vscode.Uri) => {
      const path = file?.fsPath ?? (await chooseKeyFile());
      const key = path === undefined ? undefined : await ring.addKeyFile(path);
      if (key === undefined) return undefined;
      const { name, fingerprint } = key;
      const kind = key.kind === "rsa" ? `RSA, ${key.bits} bits` : key.curve;
      void vscode.window.showInformationMessage(
        `${name} (${kind}, SHA-256 ${fingerprint.slice(0, 16)}…) is tried on sealed checkpoints from now on.`,
      );
      return fingerprint;
    }),
    command("cryoscope.forgetKeys", async () => {
      await ring.forget();
      void vscode.window.showInformationMessage(
        "The keys are forgotten. Sealed checkpoints ask for one again.",
      );
    }),
  );
  return ring;
}

const PATHS = "keys.paths";

function keyStore({ globalState, secrets }: vscode.ExtensionContext): KeyStore {
  const secretOf = (path: string): string => `keys.passphrase:${path}`;
  return {
    paths() {
      const saved = globalState.get<unknown>(PATHS);
      return Array.isArray(saved) ? saved.filter((path) => typeof path === "string") : [];
    },
    savePaths: async (paths) => globalState.update(PATHS, paths),
    passphrase: async (path) => secrets.get(secretOf(path)),
    savePassphrase: async (path, passphrase) => secrets.store(secretOf(path), passphrase),
    deletePassphrase: async (path) => secrets.delete(secretOf(path)),
  };
}

// keys: the key ring: what opens sealed checkpoints, where it comes from, and how the person is asked for it.
import * as vscode from "vscode";
import { command } from "../messages.ts";
import { askEncWords } from "./ask-enc-words.ts";
import { FileUnlocker } from "./file-unlocker.ts";
import type { UnlockFile } from "./file-unlocker.ts";
import { KeysView } from "./keys-view.ts";
import type { KeySourceItem, KeyStore } from "./model.ts";
import { chooseKeyToAdd, keyPrompts } from "./prompts.ts";
import { KeyRing } from "./ring.ts";

export type { UnlockFile } from "./file-unlocker.ts";
export type { OnLock } from "./locks.ts";
export { KeyRing } from "./ring.ts";
export type { Quiet } from "./ring.ts";
export { wantsKey } from "./sources.ts";

export interface Keys {
  /** What sealed layers ask. */
  readonly sealFor: KeyRing["sealFor"];
  /** Opens what is sealed as a whole: archives, folders of container images. */
  readonly unlock: UnlockFile;
  /** A key has come that wasn't known. */
  readonly onDidAddKey: KeyRing["onDidAddKey"];
}

/** The session's keys, their view and its commands. */
export function createKeyRing(context: vscode.ExtensionContext): Keys {
  const ring = new KeyRing(keyStore(context), keyPrompts);
  const view = new KeysView(ring);
  context.subscriptions.push(
    ring,
    view,
    vscode.window.createTreeView("cryoscope.keys", { treeDataProvider: view }),
    // Other extensions and tests may name the file instead of having the person choose it.
    command("cryoscope.addKeyFile", async (file?: vscode.Uri) => {
      const choice =
        file === undefined ? await chooseKeyToAdd() : { kind: "file" as const, path: file.fsPath };
      const keys = choice && (await ring.add(choice));
      const [key] = keys ?? [];
      if (key === undefined) return undefined;
      const fingerprint = "fingerprint" in key ? key.fingerprint : undefined;
      const mark = fingerprint === undefined ? "" : ` (SHA-256 ${fingerprint.slice(0, 16)}…)`;
      void vscode.window.showInformationMessage(
        `${key.name}${mark} is tried on sealed checkpoints from now on.`,
      );
      return fingerprint;
    }),
    command("cryoscope.forgetKey", async (source?: KeySourceItem) => {
      if (source !== undefined) await ring.forgetSource(source.id);
    }),
    command("cryoscope.forgetKeys", async () => {
      await ring.forget();
      void vscode.window.showInformationMessage(
        "The keys are forgotten. Sealed checkpoints ask for one again.",
      );
    }),
  );
  return {
    sealFor: ring.sealFor,
    onDidAddKey: ring.onDidAddKey,
    unlock: new FileUnlocker(ring, context.workspaceState, askEncWords).unlock,
  };
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

import { randomBytes } from "node:crypto";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { sealCopy, sealErrors, unsealCopy } from "../../seal/index.ts";
import type { CopyOptions, CopyResult, SealTarget } from "../../seal/index.ts";
import type { Keys } from "../keys/index.ts";
import { signalOf } from "../messages.ts";

/** What a copy came to. */
export interface Copy {
  readonly out: vscode.Uri;
  /** What the person should know: what was copied as it is or left out. */
  readonly notes: readonly string[];
}

/** Writes a sealed copy with progress and a button to cancel; what was written until then is removed. */
export async function writeSealed(
  source: vscode.Uri,
  target: SealTarget,
  out: vscode.Uri,
  unlock: Keys["unlock"],
): Promise<Copy> {
  if (target.kind === "criu")
    return copying(source, out, "Sealing", unlock, (options) =>
      sealCopy(source.fsPath, target, out.fsPath, options),
    );
  if (await isSame(source.fsPath, out.fsPath)) throw sealErrors.unwritable(out.fsPath, new TheOriginal());
  // The dialog has asked whether to replace what is there; it is replaced when the copy is whole.
  const draft = join(dirname(out.fsPath), `.${basename(out.fsPath)}.${randomBytes(4).toString("hex")}.part`);
  return copying(source, out, "Sealing", unlock, async (options) => {
    try {
      const result = await sealCopy(source.fsPath, target, draft, options);
      await rename(draft, out.fsPath).catch((cause: unknown) => {
        throw sealErrors.unwritable(out.fsPath, cause);
      });
      return result;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  });
}

/** Writes plain files with progress and a button to cancel. The person has agreed before. */
export async function writePlain(source: vscode.Uri, out: vscode.Uri, unlock: Keys["unlock"]): Promise<Copy> {
  return copying(source, out, "Unsealing", unlock, (options) =>
    unsealCopy(source.fsPath, out.fsPath, options),
  );
}

class TheOriginal extends Error {
  override readonly message = "it is the original, which is never changed";
}

async function isSame(one: string, other: string): Promise<boolean> {
  const paths = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)));
  if (paths[0] === paths[1]) return true;
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

const MEGABYTE = 1e6;

async function copying(
  source: vscode.Uri,
  out: vscode.Uri,
  verb: string,
  unlock: Keys["unlock"],
  copy: (options: CopyOptions) => Promise<CopyResult>,
): Promise<Copy> {
  const name = basename(source.fsPath);
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `${verb} a copy of ${name}`,
      cancellable: true,
    },
    async (progress, token) => {
      const signal = signalOf(token);
      let notes: string[] = [];
      let told = 0;
      await unlock(
        source.fsPath,
        async (keys, options) => {
          // A second attempt, with other keys, begins anew.
          notes = [];
          return copy({
            ...options,
            keys,
            signal,
            report: (note) => notes.push(note),
            onBytes(total) {
              if (total - told < MEGABYTE) return;
              told = total;
              progress.report({ message: `${Math.floor(total / MEGABYTE).toLocaleString()} MB` });
            },
          });
        },
        // What is written is the person's.
        () => undefined,
      );
      return { out, notes };
    },
  );
}

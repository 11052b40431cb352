// Sealing right after freezing: what was plain goes, and only the recipients can open what stays.
import { rm } from "node:fs/promises";
import * as vscode from "vscode";
import { CryoscopeError } from "../../bytes/index.ts";
import type { CheckpointResult, Engine, Snapshot } from "../../engine/index.ts";
import { readRecipients, sealAndRemove, targetNames } from "../../seal/index.ts";
import type { SealTarget } from "../../seal/index.ts";
import { showError } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";
import { freezeErrors } from "./errors.ts";

/** For whom everything is sealed, as the settings say; undefined when nothing is. Throws `seal.notARecipient`, … */
export function recipientsInSettings(): Promise<SealTarget | undefined> {
  return recipientsOf(wordsInSettings());
}

/** Undefined for none. Throws `seal.notARecipient`. */
export async function recipientsOf(words: readonly string[]): Promise<SealTarget | undefined> {
  return words.length === 0 ? undefined : readRecipients(words);
}

export function wordsInSettings(): readonly string[] {
  const words = vscode.workspace.getConfiguration("cryoscope").get<unknown>("freeze.sealFor", []);
  return Array.isArray(words) ? words.filter((word) => typeof word === "string" && word !== "") : [];
}

/** Whether what the engine writes can be had and then removed, so that nothing plain stays. */
export function canSeal({ capabilities, fetch, deleteCheckpoint }: Engine): boolean {
  return (
    capabilities.archives ||
    capabilities.folders ||
    (fetch !== undefined && deleteCheckpoint !== undefined && capabilities.keepsCheckpoints)
  );
}

/** Refuses, before anything is frozen, what couldn't be sealed afterwards. Throws `vscode.cannotSeal`. */
export function assertCanSeal(
  engine: Engine,
  { containerImage, preCheckpoint }: { readonly containerImage?: string; readonly preCheckpoint?: boolean },
): void {
  if (!canSeal(engine))
    throw freezeErrors.cannotSeal(`What ${engine.name} writes can't be removed from here.`);
  if (containerImage !== undefined) throw freezeErrors.cannotSeal("A container image stays in its engine.");
  if (preCheckpoint === true)
    throw freezeErrors.cannotSeal("The next step has to read what a pre-checkpoint holds.");
}

/**
 * Seals what was just frozen and removes what is plain of it, with the engine too. When that fails, the snapshot is as
 * it was: it may be all that is left of a container that was stopped. `note` is told what the seal leaves readable.
 * Throws `vscode.notSealed`, with the plain file.
 */
export async function sealFrozen(
  engine: Engine,
  { snapshot }: CheckpointResult,
  recipients: SealTarget,
  catalog: Catalog,
  note: (sentence: string) => void,
): Promise<CheckpointResult> {
  const { checkpoint } = snapshot;
  const own = checkpoint.kind === "archive" || checkpoint.kind === "folder" ? checkpoint.path : undefined;
  let fetched: string | undefined;
  try {
    const plain = own ?? (fetched = await fetchPlain(engine, snapshot, catalog));
    const out = recipients.kind === "criu" ? `${plain.replace(/\.tar$/, "")}-sealed` : `${plain}.age`;
    await sealAndRemove(plain, recipients, out, { report: note });
    if (checkpoint.kind === "named") await engine.deleteCheckpoint?.(snapshot.container.id, checkpoint.id);
    const { sealedAs } = await import("../../engine/index.ts");
    const place = { kind: recipients.kind === "criu" ? "folder" : "archive", path: out } as const;
    return { snapshot: sealedAs(snapshot, place, targetNames(recipients)), readable: { path: out } };
  } catch (cause) {
    // The engine keeps its own: the copy is one more that is plain, and nobody would find it.
    if (fetched !== undefined) await rm(fetched, { recursive: true, force: true }).catch(() => undefined);
    throw freezeErrors.notSealed(snapshot.name, own, cause);
  }
}

async function fetchPlain(engine: Engine, snapshot: Snapshot, catalog: Catalog): Promise<string> {
  if (engine.fetch === undefined)
    throw freezeErrors.cannotSeal(`What ${engine.name} writes can't be removed from here.`);
  return (await engine.fetch(snapshot, await catalog.archivePath(snapshot.name))).path;
}

/** Says that something frozen is plain, with a button that seals a copy. False for every other error. */
export function offerToSeal(error: unknown): boolean {
  if (!(error instanceof CryoscopeError) || error.code !== "vscode.notSealed") return false;
  const { file } = error;
  const seal = "Seal a Copy…";
  // Not awaited: the message may stay for long, the command is over.
  void showError(error, ...(file === undefined ? [] : [seal])).then((answer) => {
    if (answer === seal && file !== undefined)
      void vscode.commands.executeCommand("cryoscope.sealCopy", vscode.Uri.file(file));
  });
  return true;
}

// Sealing right after freezing: what was plain goes, and only the recipients can open what stays.
import * as vscode from "vscode";
import type { CheckpointResult, Engine, Snapshot } from "../../engine/index.ts";
import { readRecipients, sealAndRemove, targetNames } from "../../seal/index.ts";
import type { SealTarget } from "../../seal/index.ts";
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
 * Seals what was just frozen and removes what is plain of it, with the engine too. When that fails, the snapshot is as it
 * was and `problem` says why. `note` is told what the seal leaves readable.
 */
export async function sealFrozen(
  engine: Engine,
  { snapshot }: CheckpointResult,
  recipients: SealTarget,
  catalog: Catalog,
  note: (sentence: string) => void,
): Promise<CheckpointResult> {
  const plain = await plainFiles(engine, snapshot, catalog);
  const out = recipients.kind === "criu" ? `${plain.replace(/\.tar$/, "")}-sealed` : `${plain}.age`;
  await sealAndRemove(plain, recipients, out, { report: note });
  if (snapshot.checkpoint.kind === "named")
    await engine.deleteCheckpoint?.(snapshot.container.id, snapshot.checkpoint.id);
  const { sealedAs } = await import("../../engine/index.ts");
  const place = { kind: recipients.kind === "criu" ? "folder" : "archive", path: out } as const;
  return { snapshot: sealedAs(snapshot, place, targetNames(recipients)), readable: { path: out } };
}

async function plainFiles(engine: Engine, snapshot: Snapshot, catalog: Catalog): Promise<string> {
  const { checkpoint } = snapshot;
  if (checkpoint.kind === "archive" || checkpoint.kind === "folder") return checkpoint.path;
  if (engine.fetch === undefined)
    throw freezeErrors.cannotSeal(`What ${engine.name} writes can't be removed from here.`);
  return (await engine.fetch(snapshot, await catalog.archivePath(snapshot.name))).path;
}

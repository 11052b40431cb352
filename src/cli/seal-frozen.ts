import { lstat, rm } from "node:fs/promises";
import type { CheckpointOptions, Engine, Snapshot } from "../engine/index.ts";
import { sealAndRemove, sealErrors, targetNames } from "../seal/index.ts";
import type { SealTarget } from "../seal/index.ts";
import { toCryoscopeError } from "../bytes/index.ts";
import type { Engines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";
import type { CliOutput } from "./output.ts";
import { writeRecord } from "./record.ts";

/** Nothing plain may stay, so what can't be had and removed, or sealed into `target`, isn't frozen at all. */
export async function assertCanSeal(
  engine: Engine,
  { preCheckpoint }: Pick<CheckpointOptions, "preCheckpoint">,
  target: string,
): Promise<void> {
  const { archives, folders, keepsCheckpoints } = engine.capabilities;
  const copies = keepsCheckpoints && engine.fetch !== undefined && engine.deleteCheckpoint !== undefined;
  if (!archives && !folders && !copies)
    throw cliErrors.usage(`What ${engine.name} writes can't be removed after sealing.`, "checkpoint");
  if (preCheckpoint === true)
    throw cliErrors.usage("A pre-checkpoint can't be sealed: the next step reads it.", "checkpoint");
  const taken = await lstat(target).then(
    () => true,
    () => false,
  );
  if (taken) throw sealErrors.unwritable(target, new Error("something is there already"));
}

/** What was frozen, plain, and where its sealed copy goes. */
export interface Frozen {
  readonly snapshot: Snapshot;
  readonly plain: string;
  readonly target: string;
  readonly seal: SealTarget;
}

/**
 * Seals into `target` and removes what is plain, with the engine too. The plain file may be all that is left of a
 * container: when it can't be sealed it stays, with its record beside it, and the error says where. Throws
 * `cli.notSealed`, `cli.engineKeepsPlain`, and `seal.plainStays`; after the last two the sealed copy has its record.
 */
export async function sealFrozen(
  engines: Engines,
  engine: Engine,
  { snapshot, plain, target, seal }: Frozen,
  output: CliOutput,
): Promise<Snapshot> {
  const say = (sentence: string): void => {
    output.message(`cryoscope: ${printable(sentence)}`);
  };
  // Before it is sealed: this process may be killed meanwhile, or the disk become full.
  const record = await writeRecord(plain, snapshot).catch((error: unknown) => {
    say(
      `${plain} has no record: ${toCryoscopeError(error).message} Restore it with --engine ${engine.endpoint}.`,
    );
    return undefined;
  });
  const place = { kind: seal.kind === "criu" ? "folder" : "archive", path: target } as const;
  const sealed = engines.sealedAs(snapshot, place, targetNames(seal));
  try {
    await sealAndRemove(plain, seal, target, { report: say });
  } catch (cause) {
    if (toCryoscopeError(cause).code !== "seal.plainStays") throw cliErrors.notSealed(plain, target, cause);
    await writeRecord(target, sealed);
    throw cause;
  }
  if (record !== undefined) await rm(record, { force: true });
  const { checkpoint, container } = snapshot;
  if (checkpoint.kind === "named")
    try {
      await engine.deleteCheckpoint?.(container.id, checkpoint.id);
    } catch (cause) {
      await writeRecord(target, sealed);
      throw cliErrors.engineKeepsPlain(engine.name, checkpoint.id, cause);
    }
  say("the plain files are deleted, which frees their blocks and doesn't erase them.");
  return sealed;
}

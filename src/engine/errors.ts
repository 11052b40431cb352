import { errorsOf } from "../bytes/index.ts";
import type { Advice } from "./engine.ts";
import type { CriuFailure } from "./criu-log.ts";

/** An error of this folder. */
export const failed = errorsOf("engine");

/** The errors of this floor. `next` is always there: a person is waiting for a container. */
export const engineErrors = {
  badAddress: (address: string) =>
    failed(
      "badAddress",
      `"${brief(address)}" is not an engine's address.`,
      "Write it as unix:///path/to.sock, tcp://host:port or npipe:////./pipe/name.",
    ),
  sshUnsupported: (address: string) =>
    failed(
      "sshUnsupported",
      `Engines over SSH (${brief(address)}) can't be reached directly yet.`,
      "Forward the engine's socket (ssh -L /tmp/engine.sock:/var/run/docker.sock HOST) and use unix:///tmp/engine.sock.",
    ),
  cannotExec: (program: string, words: string) =>
    failed(
      "cannotExec",
      `The program ${brief(program)} can't be run in the container${words === "" ? "" : `: ${brief(words)}`}.`,
      "Look whether the container runs and has that program.",
    ),
  badContext: (name: string) =>
    failed(
      "badContext",
      `The Docker context "${brief(name)}" has no address.`,
      "Choose another one (docker context use), or set DOCKER_HOST.",
    ),
  noSocket: (endpoint: string, cause?: unknown) =>
    failed(
      "noSocket",
      `Nothing is at ${endpoint}.`,
      "Start the engine (for Podman: systemctl start podman.socket), or correct the address.",
      { cause },
    ),
  permission: (endpoint: string, cause?: unknown) =>
    failed(
      "permission",
      `You may not use the engine at ${endpoint}.`,
      "Join the group that owns the socket (usually docker) and sign in again, or have the socket's rights changed.",
      { cause },
    ),
  refusedConnection: (endpoint: string, cause?: unknown) =>
    failed(
      "refusedConnection",
      `No engine listens at ${endpoint}.`,
      "Start the engine, or correct the address.",
      { cause },
    ),
  noCri: (endpoint: string) =>
    failed(
      "noCri",
      `What listens at ${endpoint} doesn't speak Kubernetes' CRI.`,
      "Have containerd's CRI plugin switched on (not in disabled_plugins), or use another address.",
    ),
  unreachable: (endpoint: string, reason: string, cause?: unknown) =>
    failed(
      "unreachable",
      `The engine at ${endpoint} can't be reached: ${brief(reason)}.`,
      "Check that it runs and that the address and its certificates are right.",
      { cause },
    ),
  timeout: (endpoint: string, milliseconds: number) =>
    failed(
      "timeout",
      `The engine at ${endpoint} gave no answer within ${milliseconds / 1000} s.`,
      "Check that it runs and isn't busy, then try again.",
    ),
  badAnswer: (endpoint: string, what: string, cause?: unknown) =>
    failed(
      "badAnswer",
      `The answer from ${endpoint} is not an engine's: ${brief(what)}.`,
      "Check that the address belongs to Docker or Podman.",
      { cause },
    ),
  noProgram: (program: string, cause?: unknown) =>
    failed(
      "noProgram",
      `There is no program ${brief(program)} on this machine.`,
      `Install it, or add its folder to PATH.`,
      { cause },
    ),
  commandFailed: (program: string, said: string, cause?: unknown) =>
    failed(
      "commandFailed",
      `${brief(program)} failed: ${brief(said)}.`,
      "Run it by hand to see more, or look into its log.",
      { cause },
    ),
  bundleGone: (bundle: string) =>
    failed(
      "bundleGone",
      "The container's bundle, with its configuration and root file system, is gone.",
      "Put it back where it was.",
      { file: bundle },
    ),
  noSuchProcess: (process: string) =>
    failed("noSuchProcess", `The process ${brief(process)} has ended.`, "Refresh the list."),
  needsFolder: (engine: string) =>
    failed(
      "needsFolder",
      `${brief(engine)} writes a checkpoint into a folder, and none was given.`,
      "Name a folder that doesn't exist yet.",
    ),
  needsArchive: (engine: string) =>
    failed(
      "needsArchive",
      `${brief(engine)} writes a pre-checkpoint into an archive, and none was named.`,
      "Name an archive that doesn't exist yet.",
    ),
  cannot: (advice: Advice) => failed("cannot", advice.sentence, advice.next),
  badName: (name: string) =>
    failed(
      "badName",
      `"${brief(name)}" can't be a name.`,
      "Use at least 2 letters, digits and _ . -, beginning with a letter or digit.",
    ),
  badPort: (port: string) =>
    failed(
      "badPort",
      `"${brief(port)}" can't be a published port.`,
      "Write it as HOST:CONTAINER, such as 8080:80.",
    ),
  noSuchContainer: (container: string, cause?: unknown) =>
    failed(
      "noSuchContainer",
      `There is no container ${brief(container)} any more.`,
      "Refresh the list; restore it from an archive if you have one.",
      { cause },
    ),
  notRunning: (container: string, cause?: unknown) =>
    failed(
      "notRunning",
      `The container ${brief(container)} is not running, so there is nothing to freeze.`,
      "Start it first.",
      { cause },
    ),
  stillRunning: (container: string, cause?: unknown) =>
    failed(
      "stillRunning",
      `The container ${brief(container)} is running.`,
      "Let the restore replace it, or stop it first.",
      { cause },
    ),
  checkpointExists: (name: string, container: string, cause?: unknown) =>
    failed(
      "checkpointExists",
      `The container ${brief(container)} already has a checkpoint ${brief(name)}.`,
      "Choose another name, or delete the old checkpoint.",
      { cause },
    ),
  noSuchCheckpoint: (name: string, container: string, cause?: unknown) =>
    failed(
      "noSuchCheckpoint",
      `The container ${brief(container)} has no checkpoint ${brief(name)}.`,
      "It may have been deleted or used up; freeze the container again.",
      { cause },
    ),
  preCheckpoint: (name: string) =>
    failed(
      "preCheckpoint",
      `${brief(name)} holds only memory, as the start of a later snapshot: there is nothing to run.`,
      "Freeze the container once more, and restore that.",
    ),
  sealedSnapshot: (name: string) =>
    failed(
      "sealedSnapshot",
      `${brief(name)} was sealed when it was frozen, and an engine can't open the seal.`,
      "Open it with its key to look into it; to run it, unseal it (cryoscope unseal, or age -d) and import that.",
    ),
  notPreCheckpoint: (name: string) =>
    failed(
      "notPreCheckpoint",
      `${brief(name)} is no pre-checkpoint of this container that this engine could go on from.`,
      "Freeze without it, or write the container's memory first.",
    ),
  nameInUse: (name: string, cause?: unknown) =>
    failed(
      "nameInUse",
      `A container ${brief(name)} is there already.`,
      "Restore under a new name, or let the restore replace it.",
      { cause },
    ),
  notACheckpoint: (source: string, cause?: unknown) =>
    failed(
      "notACheckpoint",
      `${brief(source)} is not a checkpoint that this engine can restore.`,
      "Choose an archive that the same kind of engine made.",
      { cause },
    ),
  wrongEngine: (made: string, asked: string) =>
    failed(
      "wrongEngine",
      `The snapshot was made by ${brief(made)} and can't be restored by ${asked}.`,
      "Connect to the engine that made it.",
    ),
  cannotRestoreAs: (what: string, next: string) => failed("cannotRestoreAs", what, next),
  archiveExists: (file: string) =>
    failed("archiveExists", "A file with this name is there already.", "Choose another name.", { file }),
  archiveUnwritable: (file: string, cause: unknown) =>
    failed(
      "archiveUnwritable",
      `The archive could not be written: ${brief(reasonOf(cause))}.`,
      "Check the folder's rights and the free space.",
      { file, cause },
    ),
  archiveUnreadable: (file: string, cause: unknown) =>
    failed(
      "archiveUnreadable",
      `The archive could not be read: ${brief(reasonOf(cause))}.`,
      "Check that it is still where it was, and that you may read it.",
      { file, cause },
    ),
  contentExists: (cause: unknown) =>
    failed(
      "contentExists",
      "The engine did not finish cleaning up after the last checkpoint.",
      "Wait a second and restore again.",
      { cause },
    ),
  checkpointLost: (container: string, cause: unknown) =>
    failed(
      "checkpointLost",
      `Docker stopped ${brief(container)} for the checkpoint and lost it: it was still cleaning up after another one.`,
      "Start the container anew; leave it running when you freeze, or wait a second between two checkpoints.",
      { cause },
    ),
  networkRestore: (version: string, networkMode: string, cause?: unknown) =>
    failed(
      "networkRestore",
      `Docker ${version} can't restore a container with network ${brief(networkMode)}.`,
      "Run the container with network host, or use another Docker version (26 restores all).",
      { cause },
    ),
  unchanged: (container: string, cause?: unknown) =>
    failed("unchanged", `The container ${brief(container)} is in that state already.`, "Refresh the list.", {
      cause,
    }),
  noCriu: (cause?: unknown) =>
    failed(
      "noCriu",
      "The engine's machine has no usable CRIU.",
      "Install the package criu there (criu check tells whether the kernel suffices).",
      { cause },
    ),
  /** CRIU said no: its telling line in words, the line itself, and the log's place where it could be read. */
  criuRefused: (verb: "freeze" | "restore", failure: CriuFailure, cause?: unknown) =>
    failed(
      "criuRefused",
      `CRIU could not ${verb} the container: ${failure.sentence}${failure.line === undefined ? "" : ` CRIU: ${brief(failure.line)}`}`,
      failure.next,
      { ...(failure.log !== undefined && { file: failure.log }), cause },
    ),
  refused: (status: number, message: string, cause?: unknown) =>
    failed(
      "refused",
      `The engine said no (${status}): ${brief(message)}.`,
      "See the engine's own log for more.",
      { cause },
    ),
  badSnapshot: (field: string) =>
    failed(
      "badSnapshot",
      `The snapshot's record is damaged (${field}).`,
      "Remove it from the catalog; its files are untouched.",
    ),
};

/** A foreign text as part of a sentence: one line, bounded, no control characters, no full stop at its end. */
export function brief(foreign: string): string {
  const line = foreign.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return (line.length > 300 ? `${line.slice(0, 299)}…` : line).replace(/\.$/, "");
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

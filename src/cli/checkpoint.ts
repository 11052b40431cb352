import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CheckpointOptions, Engine, PreflightRow, Snapshot } from "../engine/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { chooseEngine, loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { bytesErrors } from "../bytes/index.ts";
import { readRecipients, sealAndRemove, targetNames } from "../seal/index.ts";
import type { SealTarget } from "../seal/index.ts";
import type { Engines } from "./engine-choice.ts";
import { readRecord } from "./record.ts";
import { printable } from "./output.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = {
  engine: { type: "string" },
  output: { type: "string", short: "o" },
  name: { type: "string" },
  "leave-running": { type: "boolean" },
  "tcp-established": { type: "boolean" },
  "file-locks": { type: "boolean" },
  "external-unix": { type: "boolean" },
  "shell-job": { type: "boolean" },
  "ignore-rootfs": { type: "boolean" },
  "pre-checkpoint": { type: "boolean" },
  previous: { type: "string" },
  "seal-for": { type: "string", multiple: true, default: [] as string[] },
  preflight: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** `cryoscope checkpoint CONTAINER --engine E -o FILE`: freezes, and writes the record for `restore` beside it. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: container } = parseCommandLine("checkpoint", args, OPTIONS, "CONTAINER");
  if (values.engine === undefined) throw cliErrors.usage("--engine E is missing.", "checkpoint");
  const engines = await loadEngines();
  const engine = await chooseEngine(engines, values.engine, "checkpoint");
  const switches = {
    leaveRunning: values["leave-running"] === true,
    tcpEstablished: values["tcp-established"] === true,
    fileLocks: values["file-locks"] === true,
    externalUnix: values["external-unix"] === true,
    // Without the option the engine looks for itself.
    ...(values["shell-job"] === true && { shellJob: true }),
    ignoreRootFs: values["ignore-rootfs"] === true,
  };
  for (const [name, value] of Object.entries(switches))
    if (value && !engine.capabilities.checkpointOptions.some((one) => one === name))
      throw cliErrors.usage(`${engine.name} can't do ${name}.`, "checkpoint");
  if (values.preflight === true) {
    const rows = await engines.preflight(engine, container, { switches });
    await tell(rows, values.json === true, output);
    return rows.some(({ outcome }) => outcome === "stops") ? EXIT.findings : EXIT.done;
  }
  if (values.output === undefined) throw cliErrors.usage("-o FILE is missing.", "checkpoint");
  const target = resolve(values.output);
  const steps = await stepsOf(engines, engine, values["pre-checkpoint"] === true, values.previous);
  const words = values["seal-for"];
  const seal = words.length === 0 ? undefined : await readRecipients(words);
  if (seal !== undefined) assertCanSeal(engine, steps);
  const name = values.name ?? `cli-${Date.now().toString(36)}`;
  const options = { ...switches, ...steps, name };
  const { snapshot, path } = await (seal === undefined
    ? freeze(engine, container, options, target)
    : freezeAndSeal(engines, engine, { container, options, target, seal, output }));
  const record = `${target}.json`;
  await writeFile(record, `${JSON.stringify(snapshot, undefined, 2)}\n`, { mode: 0o600 }).catch(
    (cause: unknown) => {
      throw cliErrors.unwritable(record, cause);
    },
  );
  if (values.json === true) await output.write(`${JSON.stringify({ path, snapshot }, undefined, 2)}\n`);
  else await output.write(`${printable(path ?? "The checkpoint stays with the engine.")}\n`);
  return EXIT.done;
};

/** Into a tar or a folder, as the engine writes; what it keeps itself is copied out too, if it can be. */
async function freeze(
  engine: Engine,
  container: string,
  options: CheckpointOptions,
  target: string,
): Promise<{ readonly snapshot: Snapshot; readonly path: string | undefined }> {
  const { archives, folders } = engine.capabilities;
  const where = archives ? { archive: target } : folders ? { folder: target } : {};
  const { snapshot } = await engine.checkpoint(container, { ...options, ...where });
  if (archives || folders) return { snapshot, path: target };
  if (engine.fetch === undefined) return { snapshot, path: undefined };
  return { snapshot, path: (await engine.fetch(snapshot, target)).path };
}

/** A checkpoint in steps: this one's memory alone, or the rest of an earlier one. */
async function stepsOf(
  engines: Engines,
  engine: Engine,
  preCheckpoint: boolean,
  previous: string | undefined,
): Promise<Pick<CheckpointOptions, "preCheckpoint" | "previous">> {
  if ((preCheckpoint || previous !== undefined) && !engine.capabilities.preCheckpoints)
    throw cliErrors.usage(`${engine.name} can't freeze in steps.`, "checkpoint");
  if (previous === undefined) return preCheckpoint ? { preCheckpoint } : {};
  const recorded = await readRecord(engines, resolve(previous));
  if (recorded === undefined)
    throw bytesErrors.unreadable(`${resolve(previous)}.json`, "it was not there, or was too long");
  return { ...(preCheckpoint && { preCheckpoint }), previous: recorded };
}

/** Nothing plain may stay, so what can't be had and removed isn't frozen at all. */
function assertCanSeal(engine: Engine, { preCheckpoint }: Pick<CheckpointOptions, "preCheckpoint">): void {
  const { archives, folders, keepsCheckpoints } = engine.capabilities;
  const copies = keepsCheckpoints && engine.fetch !== undefined && engine.deleteCheckpoint !== undefined;
  if (!archives && !folders && !copies)
    throw cliErrors.usage(`What ${engine.name} writes can't be removed after sealing.`, "checkpoint");
  if (preCheckpoint === true)
    throw cliErrors.usage("A pre-checkpoint can't be sealed: the next step reads it.", "checkpoint");
}

/** Freezes beside the target, seals into it, and removes what is plain, with the engine too. */
async function freezeAndSeal(
  engines: Engines,
  engine: Engine,
  work: {
    readonly container: string;
    readonly options: CheckpointOptions;
    readonly target: string;
    readonly seal: SealTarget;
    readonly output: CliOutput;
  },
): Promise<{ readonly snapshot: Snapshot; readonly path: string }> {
  const { container, options, target, seal, output } = work;
  const frozen = await freeze(engine, container, options, `${target}.plain`);
  await sealAndRemove(`${target}.plain`, seal, target, {
    report: (sentence) => {
      output.message(`cryoscope: ${sentence}`);
    },
  });
  const { checkpoint } = frozen.snapshot;
  if (checkpoint.kind === "named")
    await engine.deleteCheckpoint?.(frozen.snapshot.container.id, checkpoint.id);
  output.message("cryoscope: the plain files are deleted, which frees their blocks and doesn't erase them.");
  const place = { kind: seal.kind === "criu" ? "folder" : "archive", path: target } as const;
  return { snapshot: engines.sealedAs(frozen.snapshot, place, targetNames(seal)), path: target };
}

async function tell(rows: readonly PreflightRow[], json: boolean, output: CliOutput): Promise<void> {
  if (json) {
    await output.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  for (const row of rows) {
    const why = row.outcome === "fine" ? "" : `\n    ${row.sentence} ${row.next}`;
    await output.write(`${printable(`${row.outcome.padEnd(10)} ${row.title}${why}`)}\n`);
  }
}

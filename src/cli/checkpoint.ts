import { resolve } from "node:path";
import type { CheckpointOptions, Engine, PreflightRow, Snapshot } from "../engine/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { chooseEngine, loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { bytesErrors } from "../bytes/index.ts";
import { readRecipients } from "../seal/index.ts";
import type { Engines } from "./engine-choice.ts";
import { readRecord, writeRecord } from "./record.ts";
import { assertCanSeal, sealFrozen } from "./seal-frozen.ts";
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
  "whole-pod": { type: "boolean" },
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
    wholePod: values["whole-pod"] === true,
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
  if (seal !== undefined) await assertCanSeal(engine, steps, target);
  const name = values.name ?? `cli-${Date.now().toString(36)}`;
  const options = { ...switches, ...steps, name };
  const plain = seal === undefined ? target : `${target}.plain`;
  const frozen = await freeze(engine, container, options, plain);
  const path = frozen.path === undefined ? undefined : target;
  const snapshot =
    seal === undefined
      ? frozen.snapshot
      : await sealFrozen(engines, engine, { snapshot: frozen.snapshot, plain, target, seal }, output);
  await writeRecord(target, snapshot);
  if (values.json === true) await output.write(`${JSON.stringify({ path, snapshot }, undefined, 2)}\n`);
  else await output.write(`${printable(path ?? "The checkpoint stays with the engine.")}\n`);
  return EXIT.done;
};

/** Where an engine has a snapshot that can't be copied out, in words. */
function placeOf({ name, checkpoint }: Snapshot): string {
  if (checkpoint.kind === "node") return `${checkpoint.path} on the node ${checkpoint.node}`;
  return `the checkpoint ${checkpoint.kind === "named" ? checkpoint.id : name}`;
}

/** Into a tar or a folder, as the engine writes; what it keeps itself is copied out too. Throws `cli.notFetched`. */
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
  // What is frozen of a pod is its runtime's own.
  if (engine.fetch === undefined || options.wholePod === true) return { snapshot, path: undefined };
  const fetched = await engine.fetch(snapshot, target).catch(async (cause: unknown) => {
    // It may be all that is left of the container, and only its record says where.
    await writeRecord(target, snapshot);
    throw cliErrors.notFetched(target, engine, placeOf(snapshot), cause);
  });
  return { snapshot, path: fetched.path };
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

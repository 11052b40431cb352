import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Engine, RestoreOptions, Snapshot } from "../engine/index.ts";
import { bytesErrors } from "../bytes/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { chooseEngine, loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";
import { readRecord } from "./record.ts";

const OPTIONS = {
  engine: { type: "string" },
  name: { type: "string" },
  replace: { type: "boolean" },
  "tcp-established": { type: "boolean" },
  "tcp-close": { type: "boolean" },
  "file-locks": { type: "boolean" },
  "leave-stopped": { type: "boolean" },
  publish: { type: "string", multiple: true, default: [] as string[], short: "p" },
  pod: { type: "string" },
  json: { type: "boolean" },
} as const;

/** `cryoscope restore FILE --engine E`: what it restores runs, with all that its configuration allows it. */
export const run: RunCommand = async (args, output) => {
  const { values, operand } = parseCommandLine("restore", args, OPTIONS, "FILE");
  const engines = await loadEngines();
  const file = resolve(operand);
  const recorded = await readRecord(engines, file);
  const wanted = values.engine ?? recorded?.engine.endpoint;
  if (wanted === undefined) throw cliErrors.usage("--engine E is missing.", "restore");
  const engine = await chooseEngine(engines, wanted, "restore");
  const options: RestoreOptions = {
    ...(values.name !== undefined && { name: values.name }),
    ...(values.replace === true && { replace: true }),
    ...(values["tcp-established"] === true && { tcpEstablished: true }),
    ...(values["tcp-close"] === true && { tcpClose: true }),
    ...(values["file-locks"] === true && { fileLocks: true }),
    ...(values["leave-stopped"] === true && { leaveStopped: true }),
    ...(values.publish.length > 0 && { publishPorts: values.publish }),
    ...(values.pod !== undefined && { pod: values.pod }),
  };
  for (const name of Object.keys(options))
    if (!engine.capabilities.restoreOptions.some((one) => one === name))
      throw cliErrors.usage(`${engine.name} can't do ${name}.`, "restore");
  const snapshot = recorded ?? (await foreign(engine, file));
  const { container } = await engine.restore(snapshot, options);
  if (values.json === true) await output.write(`${JSON.stringify({ container }, undefined, 2)}\n`);
  else await output.write(`${printable(`${container.name} ${container.id}`)}\n`);
  return EXIT.done;
};

/** An archive or folder without a record: from another machine, or made by the engine's own command line. */
async function foreign(engine: Engine, path: string): Promise<Snapshot> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    (cause: unknown) => {
      throw bytesErrors.unreadable(path, cause);
    },
  );
  return {
    format: 1,
    id: path,
    name: basename(path),
    note: "",
    time: new Date().toISOString(),
    engine: { kind: engine.kind, version: "", endpoint: engine.endpoint },
    container: { id: "unknown", name: basename(path), image: "" },
    checkpoint: { kind: isFile ? "archive" : "folder", path },
    leftRunning: false,
    needs: [],
    imported: true,
  };
}

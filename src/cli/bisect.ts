import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { bytesErrors } from "../bytes/index.ts";
import { bisectSnapshots } from "../debug/index.ts";
import type { Engine, Snapshot } from "../engine/index.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { chooseEngine, loadEngines } from "./engine-choice.ts";
import type { Engines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";
import { readRecord } from "./record.ts";

const OPTIONS = {
  container: { type: "string" },
  engine: { type: "string" },
  inside: { type: "boolean" },
  copy: { type: "boolean" },
  timeout: { type: "string" },
  json: { type: "boolean" },
} as const;

/** `cryoscope bisect FILE… -- COMMAND…`: what is restored runs, with all that its configuration allows it. */
export const run: RunCommand = async (args, output) => {
  const cut = args.indexOf("--");
  const argv = cut < 0 ? [] : args.slice(cut + 1);
  const { values, positionals } = parseWords("bisect", args.slice(0, cut < 0 ? args.length : cut), OPTIONS);
  if (argv.length === 0) throw cliErrors.usage("The command is missing: -- COMMAND.", "bisect");
  if (positionals.length === 0) throw cliErrors.usage("FILE or FOLDER is missing.", "bisect");
  const timeout = seconds(values.timeout);
  const engines = await loadEngines();
  const snapshots = await rowOf(engines, positionals, values.container);
  const engine = await chooseEngine(engines, values.engine ?? snapshots[0]?.engine.endpoint ?? "", "bisect");
  const say = (line: string): void => output.message(printable(line));
  const { first, last, tries } = await bisectSnapshots(
    { engine, snapshots: snapshots.map((one) => heldBy(engine, one)), copy: values.copy === true },
    {
      argv,
      inside: values.inside === true,
      timeout,
      onOutput: (text) => say(text.trimEnd()),
    },
    {
      onTry: (index, left) => say(`${snapshots[index]?.name ?? ""}: trying (${left} more at most)`),
      onVerdict: (index, verdict) => say(`${snapshots[index]?.name ?? ""}: ${WORDS[verdict]}`),
    },
  );
  const named = (index: number) => {
    const { name = "", id = "", time = "" } = snapshots[index] ?? {};
    return { name, id, time };
  };
  const untold = snapshots.slice(last + 1, first).map((_, index) => named(last + 1 + index));
  const document = { first: named(first), last: named(last), tries, untold };
  if (values.json === true) await output.write(`${JSON.stringify(document, undefined, 2)}\n`);
  else
    await output.write(
      printable(
        `${document.first.name} of ${document.first.time} is the first that is different, after ${document.last.name}` +
          `${untold.length === 0 ? "" : `; ${untold.length} between them can't be told`}.`,
      ) + "\n",
    );
  return EXIT.done;
};

const WORDS = { old: "as before", new: "different", skip: "can't be told" } as const;

/** Snapshots of one container, oldest first. */
async function rowOf(
  engines: Engines,
  operands: readonly string[],
  container: string | undefined,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  for (const operand of operands) {
    const path = resolve(operand);
    const record = await readRecord(engines, path);
    if (record !== undefined) found.push(record);
    else if (await isFolder(path)) found.push(...(await engines.readCatalog(path)).snapshots);
    else throw cliErrors.usage(`${operand} has no record beside it (${operand}.json).`, "bisect");
  }
  const chosen = found.filter(
    ({ container: { id, name } }) => container === undefined || [id, name].includes(container),
  );
  const containers = new Set(chosen.map(({ container: { id } }) => id));
  if (containers.size > 1)
    throw cliErrors.usage("The snapshots are of several containers: choose one with --container.", "bisect");
  return chosen.sort((a, b) => a.time.localeCompare(b.time));
}

/** Another address of the same engine may be named than the one that froze it. */
const heldBy = ({ endpoint, kind, version }: Engine, snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  engine: { kind: snapshot.engine.kind || kind, version, endpoint },
});

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw bytesErrors.unreadable(path, cause);
    },
  );

function seconds(text: string | undefined): number {
  const value = text === undefined ? 60 : Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400)
    throw cliErrors.usage("--timeout takes a number of seconds.", "bisect");
  return value * 1000;
}

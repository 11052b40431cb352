import { bisectSnapshots } from "../debug/index.ts";
import type { Engine, Snapshot } from "../engine/index.ts";
import { parseWords } from "./arguments.ts";
import { askFrozen, conditionOf, FROZEN_OPTIONS } from "./bisect-frozen.ts";
import { snapshotRow } from "./bisect-row.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { chooseEngine, loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";

/** They say how a command runs. */
const LIVE_OPTIONS = {
  engine: { type: "string" },
  inside: { type: "boolean" },
  copy: { type: "boolean" },
  timeout: { type: "string" },
} as const;
const OPTIONS = { ...FROZEN_OPTIONS, ...LIVE_OPTIONS } as const;

/**
 * `cryoscope bisect FILE… -- COMMAND…`: what is restored runs, with all that its configuration allows it. With
 * `--memory` or `--expression` nothing is restored.
 */
export const run: RunCommand = async (args, output) => {
  const cut = args.indexOf("--");
  const argv = cut < 0 ? [] : args.slice(cut + 1);
  const { values, positionals } = parseWords("bisect", args.slice(0, cut < 0 ? args.length : cut), OPTIONS);
  if (positionals.length === 0) throw cliErrors.usage("FILE or FOLDER is missing.", "bisect");
  const condition = conditionOf(values);
  if (condition !== undefined) {
    const option = Object.keys(LIVE_OPTIONS).find((name) => Object.hasOwn(values, name));
    if (argv.length > 0 || option !== undefined)
      throw cliErrors.usage(
        `${option === undefined ? "COMMAND" : `--${option}`} goes with a restored snapshot: nothing is restored for --memory and --expression.`,
        "bisect",
      );
    return askFrozen(positionals, values, condition, output);
  }
  if (argv.length === 0)
    throw cliErrors.usage(
      "What to ask is missing: -- COMMAND, --memory PATTERN or --expression TEXT.",
      "bisect",
    );
  const timeout = seconds(values.timeout);
  const engines = await loadEngines();
  const snapshots = await snapshotRow(engines, positionals, values.container);
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

/** Another address of the same engine may be named than the one that froze it. */
const heldBy = ({ endpoint, kind, version }: Engine, snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  engine: { kind: snapshot.engine.kind || kind, version, endpoint },
});

function seconds(text: string | undefined): number {
  const value = text === undefined ? 60 : Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400)
    throw cliErrors.usage("--timeout takes a number of seconds.", "bisect");
  return value * 1000;
}

import { openTree } from "../archive/index.ts";
import { bisectFrozen, inMemory, isTrue, bisectErrors } from "../debug/index.ts";
import type { Condition } from "../debug/index.ts";
import { checkpointRow } from "./bisect-row.ts";
import type { RowCheckpoint } from "./bisect-row.ts";
import { EXIT } from "./command.ts";
import type { ExitCode } from "./command.ts";
import { loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { FILTER_OPTIONS, filterOf } from "./memory-filter.ts";
import { QUERY_OPTIONS, queryOf } from "./memory-query.ts";
import { MEMORY_OPTIONS, withMemory } from "./memory-target.ts";
import { printable } from "./output.ts";
import type { CliOutput } from "./output.ts";
import type { parseWords } from "./arguments.ts";

/** What is asked of the frozen images, and how they are opened. */
export const FROZEN_OPTIONS = {
  ...MEMORY_OPTIONS,
  ...FILTER_OPTIONS,
  ...QUERY_OPTIONS,
  memory: { type: "string" },
  expression: { type: "string" },
  container: { type: "string" },
} as const;

const { pid: _pid, ...FILTERS } = FILTER_OPTIONS;
/** What narrows a search says nothing of an expression; what opens images says nothing of a command. */
const SEARCH_ONLY = { ...QUERY_OPTIONS, ...FILTERS };
const { json: _json, ...OPENING } = MEMORY_OPTIONS;
const FROZEN_ONLY = { ...QUERY_OPTIONS, ...FILTER_OPTIONS, ...OPENING };

type Values = ReturnType<typeof parseWords<typeof FROZEN_OPTIONS>>["values"];

/** The condition that the options name; undefined for none. Throws `cli.usage`, and what a bad one throws. */
export function conditionOf(values: Values): Condition | undefined {
  const { memory, expression } = values;
  if (memory !== undefined && expression !== undefined)
    throw cliErrors.usage("--memory and --expression exclude each other.", "bisect");
  if (memory !== undefined) return inMemory(queryOf(memory, values, "bisect"), filterOf(values, "bisect"));
  const given = Object.entries(values).find(
    ([name, value]) =>
      (expression === undefined ? name in FROZEN_ONLY : name in SEARCH_ONLY) &&
      (Array.isArray(value) ? value.length > 0 : value !== undefined),
  );
  if (given !== undefined)
    throw cliErrors.usage(
      `--${given[0]} goes with --memory${given[0] in SEARCH_ONLY ? "" : " or --expression"}.`,
      "bisect",
    );
  return expression === undefined ? undefined : isTrue(expression, filterOf(values, "bisect").pids);
}

/** `cryoscope bisect FILE… --memory PATTERN`: each snapshot that is asked is read, and nothing is restored. */
export async function askFrozen(
  paths: readonly string[],
  values: Values,
  condition: Condition,
  output: CliOutput,
): Promise<ExitCode> {
  const row = await checkpointRow(await loadEngines(), paths, values.container);
  const say = (index: number, words: string): void => {
    output.message(printable(`${row[index]?.name ?? ""}: ${words}`));
  };
  const sysroot = values.sysroot === undefined ? undefined : await openTree(values.sysroot);
  try {
    const { first, last, tries, answer } = await bisectFrozen(
      row.length,
      async (index, use) => {
        const { name = "", path } = row[index] ?? {};
        if (path === undefined) throw bisectErrors.bisectElsewhere(name);
        return withMemory(path, values, use);
      },
      condition,
      {
        ...{ sysroot, blocking: true },
        onTry: (index, left) => {
          say(index, `asking (${left} more at most)`);
        },
        onAnswer: (index, told) => {
          const { yes, no } = condition.words;
          say(index, typeof told !== "boolean" ? `can't be told: ${told.message}` : told ? yes : no);
        },
      },
    );
    const named = (index: number): Omit<RowCheckpoint, "path"> => {
      const { path: _, ...rest } = row[index] ?? { name: "", path: undefined };
      return rest;
    };
    const untold = row.slice(last + 1, first).map((_, index) => named(last + 1 + index));
    const document = { first: named(first), last: named(last), tries, untold, answer };
    const { time } = document.first;
    const words = answer ? condition.words.yes : condition.words.no;
    await output.write(
      values.json === true
        ? `${JSON.stringify(document, undefined, 2)}\n`
        : printable(
            `${document.first.name}${time === undefined ? "" : ` of ${time}`} is the first in which it is ${words}, after ` +
              `${document.last.name}${untold.length === 0 ? "" : `; ${untold.length} between them can't be told`}.`,
          ) + "\n",
    );
    return EXIT.done;
  } finally {
    await sysroot?.close();
  }
}

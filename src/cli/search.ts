import { openMemories } from "./memory-many.ts";
import { searchMemory, startSearch } from "../memory/index.ts";
import type { CheckpointMemory, MemoryMatch } from "../memory/index.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { FILTER_OPTIONS, filterOf } from "./memory-filter.ts";
import { matchJson, matchText } from "./memory-match.ts";
import { QUERY_OPTIONS, queryOf } from "./memory-query.ts";
import { printable } from "./output.ts";
import { MEMORY_OPTIONS, parseCount } from "./memory-target.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  ...FILTER_OPTIONS,
  ...QUERY_OPTIONS,
  count: { type: "boolean" },
  limit: { type: "string" },
  context: { type: "string" },
  threads: { type: "string" },
  "time-limit": { type: "string" },
} as const;

const DEFAULT_CONTEXT = "16";
/** Matches in one JSON document, which is made in memory. */
const JSON_LIMIT = 100_000;

/** `cryoscope search CHECKPOINT… PATTERN`: where in the memory of all processes something is. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("search", args, OPTIONS);
  const paths = positionals.slice(0, -1);
  const pattern = positionals.at(-1);
  if (pattern === undefined || paths.length === 0)
    throw cliErrors.usage("A CHECKPOINT and a PATTERN are needed.", "search");
  const query = queryOf(pattern, values, "search");
  const isCount = values.count === true;
  const asJson = values.json === true;
  const number = (
    option: "limit" | "threads" | "context" | "time-limit",
    least: number,
  ): number | undefined =>
    values[option] === undefined ? undefined : parseCount(values[option], `--${option}`, "search", least);
  const limit = number("limit", 1) ?? (asJson && !isCount ? JSON_LIMIT : undefined);
  const threads = number("threads", 1);
  const seconds = number("time-limit", 1);
  const options = {
    filter: filterOf(values, "search"),
    blocking: true,
    context: isCount ? 0 : parseCount(values.context ?? DEFAULT_CONTEXT, "--context", "search"),
    ...(limit !== undefined && { limit }),
    ...(threads !== undefined && { threads }),
    ...(seconds !== undefined && { timeLimit: seconds * 1000 }),
  };
  const pool = startSearch(query, options);
  const search = async (memories: readonly CheckpointMemory[]): Promise<ExitCode> => {
    let count = 0;
    const listed: unknown[] = [];
    for await (const step of searchMemory(memories, query, { ...options, pool })) {
      count += step.count;
      if (isCount || step.count === 0) continue;
      // As it was named: two checkpoints may both be a folder "checkpoint".
      const name = paths[memories.indexOf(step.memory)] ?? "";
      for (const match of step.matches())
        if (asJson) listed.push(matchJson(name, match));
        else await output.write(lineOf(name, match, paths.length > 1));
    }
    const problems = memories.flatMap(({ problems: each }) => each);
    if (isCount) await output.write(asJson ? `${JSON.stringify({ count })}\n` : `${count}\n`);
    else if (asJson)
      await output.write(
        `${JSON.stringify({ count, complete: limit === undefined || count < limit, matches: listed, problems }, undefined, 2)}\n`,
      );
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return EXIT.done;
  };
  try {
    return await openMemories(paths, values, search);
  } finally {
    await pool.close();
  }
};

const lineOf = (name: string, match: MemoryMatch, withName: boolean): string =>
  `${withName ? `${printable(name)}: ` : ""}${matchText(match)}\n`;

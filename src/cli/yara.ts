import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { scanWithYara } from "../memory/index.ts";
import type { RuleFile, YaraHit, YaraPlace } from "../memory/index.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { FILTER_OPTIONS, filterOf } from "./memory-filter.ts";
import { openMemories } from "./memory-many.ts";
import { matchJson, matchText } from "./memory-match.ts";
import { hex, MEMORY_OPTIONS, parseCount } from "./memory-target.ts";
import { printable } from "./output.ts";
import { parseSize } from "./size.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  ...FILTER_OPTIONS,
  rules: { type: "string", short: "r", multiple: true, default: [] as string[] },
  count: { type: "boolean" },
  limit: { type: "string" },
  context: { type: "string" },
  "time-limit": { type: "string" },
  library: { type: "string" },
  region: { type: "string" },
  "each-region": { type: "boolean" },
} as const;

const DEFAULT_CONTEXT = "16";
/** Matched rules in one document, which is made in memory. */
const MAX_HITS = 100_000;
const MAX_RULES = 64 * 1024 * 1024;

/** `cryoscope yara CHECKPOINT…`: which YARA rules the memory of the processes matches. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("yara", args, OPTIONS);
  if (positionals.length === 0) throw cliErrors.usage("CHECKPOINT is missing.", "yara");
  if (values.rules.length === 0) throw cliErrors.usage("--rules is missing.", "yara");
  const limit = values.limit === undefined ? MAX_HITS : parseCount(values.limit, "--limit", "yara", 1);
  const seconds = values["time-limit"];
  const library = values.library ?? process.env["CRYOSCOPE_YARA"];
  const isCount = values.count === true;
  const asJson = values.json === true;
  const options = {
    filter: filterOf(values, "yara"),
    context: parseCount(values.context ?? DEFAULT_CONTEXT, "--context", "yara"),
    ...(values.region !== undefined && { regionSize: regionSizeOf(values.region) }),
    eachRegion: values["each-region"] === true,
    libraries: library === undefined || library === "" ? [] : [library],
    ...(seconds !== undefined && { timeLimit: parseCount(seconds, "--time-limit", "yara", 1) * 1000 }),
  };
  const rules = (await Promise.all(values.rules.map(readRules))).flat();
  return openMemories(positionals, values, async (memories) => {
    const listed: object[] = [];
    let count = 0;
    let longer = 0;
    let alone: readonly string[] = [];
    for await (const { hits, warnings, cut, regional } of scanWithYara(memories, rules, options)) {
      longer = cut;
      alone = regional;
      for (const warning of warnings) output.message(warning);
      for (const hit of hits.slice(0, limit - count)) {
        count++;
        // As it was named: two checkpoints may both be a folder "checkpoint".
        const name = positionals[memories.indexOf(hit.memory)] ?? "";
        if (isCount) continue;
        if (asJson) listed.push(hitJson(name, hit));
        else await output.write(hitText(name, hit, positionals.length > 1));
      }
      if (count >= limit) break;
    }
    const problems = memories.flatMap(({ problems: each }) => each);
    if (isCount) await output.write(asJson ? `${JSON.stringify({ count })}\n` : `${count}\n`);
    else if (asJson) {
      const document = {
        count,
        complete: count < limit,
        cut: longer,
        regional: alone,
        matches: listed,
        problems,
      };
      await output.write(`${JSON.stringify(document, undefined, 2)}\n`);
    }
    if (alone.length > 0) output.message(aloneInWords(alone));
    if (longer > 0) output.message(cutInWords(longer));
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return count > 0 ? EXIT.findings : EXIT.done;
  });
};

const MEBIBYTE = 1024 * 1024;

function regionSizeOf(text: string): number {
  const size = parseSize(text, "--region");
  if (size < MEBIBYTE || size > 1024 * MEBIBYTE) throw cliErrors.usage("--region takes 1M to 1G.", "yara");
  return size;
}

const cutInWords = (count: number): string =>
  `${count} ${count === 1 ? "stretch of memory was" : "stretches of memory were"} longer than a region, and scanned in parts: strings that a rule wants together may lie in two. --region takes more at once.`;

const MAX_NAMES = 5;

function aloneInWords(names: readonly string[]): string {
  const listed = names.slice(0, MAX_NAMES).join(", ") + (names.length > MAX_NAMES ? ", …" : "");
  const [is, its] =
    names.length === 1 ? ["rule asks", "its condition was"] : ["rules ask", "their conditions were"];
  return `${names.length} ${is} for places, bytes or modules, so ${its} asked of each region alone, not of the process: ${printable(listed)}`;
}

/** The rules of a file, or of a folder's files. Throws `cli.unreadable`. */
async function readRules(path: string): Promise<readonly RuleFile[]> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      const names = (await readdir(path)).filter((name) => /\.yara?$/i.test(name)).toSorted();
      return (await Promise.all(names.map((name) => readRules(join(path, name))))).flat();
    }
    if (found.size > MAX_RULES) throw cliErrors.usage(`${path} is too large to be rules.`, "yara");
    return [{ name: path, text: await readFile(path, "utf8") }];
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw cliErrors.unreadable(path, error);
    throw error;
  }
}

/** The rule, its process or region, and a line for each place of a pattern. */
function hitText(name: string, hit: YaraHit, withName: boolean): string {
  const { rule, region, pid, places, hasMore } = hit;
  const tags = rule.tags.length === 0 ? "" : ` [${rule.tags.join(",")}]`;
  const where = `${pid} ${region === undefined ? printable(commOf(hit)) : regionText(region)}`;
  const lines = places
    .filter(({ pattern }) => pattern !== "")
    .map((place) => `  ${place.pattern} ${matchText(matchOf(hit, place))}\n`);
  const head = `${withName ? `${printable(name)}: ` : ""}${rule.namespace}:${rule.identifier}${tags} ${where}\n`;
  return `${head}${lines.join("")}${hasMore ? "  … and more\n" : ""}`;
}

const commOf = ({ memory, pid }: YaraHit): string => memory.checkpoint.process(pid)?.comm ?? "";

function regionText({ address, area: { permissions, name, kind } }: Region): string {
  return `${hex(address)} ${permissions} ${printable(name ?? kind)}`;
}

type Region = NonNullable<YaraHit["region"]>;

function hitJson(name: string, hit: YaraHit): object {
  const { rule, region, places, pid, hasMore } = hit;
  return {
    checkpoint: name,
    pid,
    scope: region === undefined ? "process" : "region",
    rule: rule.identifier,
    namespace: rule.namespace,
    tags: rule.tags,
    meta: rule.metadata.map(({ identifier, value }) => ({ name: identifier, value })),
    ...(region && regionJson(region)),
    places: places
      .filter(({ pattern }) => pattern !== "")
      .map((place) => ({
        pattern: place.pattern,
        ...placeJson(matchJson(name, matchOf(hit, place)), region !== undefined),
      })),
    more: hasMore,
  };
}

function regionJson({
  address,
  length,
  part,
  area: { start, end, permissions, kind, name },
}: Region): object {
  return {
    region: { address: hex(address), length, ...(part !== undefined && { part }) },
    mapping: { start: hex(start), end: hex(end), permissions, kind, ...(name !== undefined && { name }) },
  };
}

const matchOf = ({ pid, space }: YaraHit, place: YaraPlace) => ({ ...place, pid, space, rule: 0 });

/** Of a match what isn't said of the hit already. */
function placeJson(match: object, hasMapping: boolean): object {
  const said = ["checkpoint", "pid", ...(hasMapping ? ["mapping"] : [])];
  return Object.fromEntries(Object.entries(match).filter(([key]) => !said.includes(key)));
}

import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";
import type { DiscoveredEngine } from "../engine/index.ts";

const OPTIONS = { json: { type: "boolean" } } as const;

/** `cryoscope engines`: what can freeze here. Exit status 1 when something that was asked for doesn't answer. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("engines", args, OPTIONS);
  if (positionals.length > 0) throw cliErrors.usage(`"${positionals.join(" ")}" is too much.`, "engines");
  const { discoverEngines } = await loadEngines();
  const found = await discoverEngines();
  if (values.json === true) await output.write(`${JSON.stringify(found.map(toDocument), undefined, 2)}\n`);
  else await output.write(found.map(toText).join(""));
  return found.some(({ problem }) => problem !== undefined) ? EXIT.findings : EXIT.done;
};

function toDocument({ source, endpoint, engine, problem }: DiscoveredEngine): unknown {
  if (engine === undefined)
    return {
      endpoint,
      source,
      problem: { code: problem.code, message: problem.message, next: problem.next },
    };
  const { kind, name, version, capabilities } = engine;
  return { endpoint, source, kind, name, version, capabilities };
}

function toText({ endpoint, engine, problem }: DiscoveredEngine): string {
  const name = engine?.name ?? "—";
  const limits = engine
    ? [engine.capabilities.checkpoint, engine.capabilities.restore].flatMap((one) => (one.can ? [] : [one]))
    : [];
  const lines = problem
    ? [`${problem.message} ${problem.next ?? ""}`]
    : limits.map(({ sentence, next }) => `${sentence} ${next}`);
  return [`${name.padEnd(24)} ${endpoint}`, ...new Set(lines.map((line) => `    ${line.trim()}`))]
    .map((line) => `${printable(line)}\n`)
    .join("");
}

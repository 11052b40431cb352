import { findSecrets, masked } from "../memory/index.ts";
import type { Confidence, Secret } from "../memory/index.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { FILTER_OPTIONS, filterOf } from "./memory-filter.ts";
import { openMemories } from "./memory-many.ts";
import { hex, MEMORY_OPTIONS, parseCount } from "./memory-target.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  ...FILTER_OPTIONS,
  reveal: { type: "boolean" },
  confidence: { type: "string" },
  limit: { type: "string" },
  threads: { type: "string" },
} as const;

const CONFIDENCES: readonly Confidence[] = ["low", "medium", "high"];
/** Secrets in one document, which is made in memory. */
const MAX_SECRETS = 100_000;

/** `cryoscope secrets CHECKPOINT…`: keys, tokens and passwords in the memory of all processes. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("secrets", args, OPTIONS);
  if (positionals.length === 0) throw cliErrors.usage("CHECKPOINT is missing.", "secrets");
  const least = CONFIDENCES.findIndex((confidence) => confidence === (values.confidence ?? "low"));
  if (least < 0) throw cliErrors.usage("--confidence is low, medium or high.", "secrets");
  const options = {
    filter: filterOf(values, "secrets"),
    limit: values.limit === undefined ? MAX_SECRETS : parseCount(values.limit, "--limit", "secrets", 1),
    ...(values.threads !== undefined && { threads: parseCount(values.threads, "--threads", "secrets", 1) }),
  };
  return openMemories(positionals, values, async (memories) => {
    const found: object[] = [];
    let secrets = 0;
    for await (const secret of findSecrets(memories, options)) {
      if (CONFIDENCES.indexOf(secret.confidence) < least) continue;
      if (secret.rule.isPublic !== true) secrets++;
      const value = values.reveal === true ? secret.value : masked(secret);
      // As it was named: two checkpoints may both be a folder "checkpoint".
      const name = positionals[memories.indexOf(secret.memory)] ?? "";
      if (values.json === true) found.push(secretJson(name, secret, value, values.reveal === true));
      else
        await output.write(
          `${positionals.length > 1 ? `${printable(name)}: ` : ""}${secretText(secret, value)}\n`,
        );
    }
    const problems = memories.flatMap(({ problems: each }) => each);
    if (values.json === true)
      await output.write(`${JSON.stringify({ secrets: found, problems }, undefined, 2)}\n`);
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return secrets > 0 ? EXIT.findings : EXIT.done;
  });
};

function secretText({ rule, confidence, match }: Secret, value: string): string {
  const area = match.space.areaAt(match.address);
  const where = printable(area?.name ?? area?.kind ?? "");
  const oneLine = printable(value.replaceAll(/\r?\n/g, "\\n"));
  return `${match.pid} ${hex(match.address)} ${where}  ${rule.name} (${confidence}): ${oneLine}`;
}

function secretJson(
  checkpoint: string,
  { rule, confidence, match }: Secret,
  value: string,
  isRevealed: boolean,
): object {
  const area = match.space.areaAt(match.address);
  return {
    checkpoint,
    pid: match.pid,
    address: hex(match.address),
    length: match.length,
    ...(area && {
      mapping: {
        kind: area.kind,
        permissions: area.permissions,
        ...(area.name !== undefined && { name: area.name }),
      },
    }),
    also: match.sightings.slice(1).map(({ pid, address }) => ({ pid, address: hex(address) })),
    rule: rule.id,
    name: rule.name,
    source: rule.source,
    confidence,
    value,
    masked: !isRevealed && rule.isPublic !== true,
  };
}

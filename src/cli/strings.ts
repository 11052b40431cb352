import { searchMemory, startStrings, stringLines } from "../memory/index.ts";
import type { CheckpointMemory, StringEncoding } from "../memory/index.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { FILTER_OPTIONS, filterOf } from "./memory-filter.ts";
import { openMemories } from "./memory-many.ts";
import { hex, MEMORY_OPTIONS, parseCount } from "./memory-target.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  ...FILTER_OPTIONS,
  min: { type: "string", short: "n" },
  encoding: { type: "string", short: "e" },
  addresses: { type: "boolean", short: "a" },
  count: { type: "boolean" },
  threads: { type: "string" },
} as const;

/** Names of encodings, and binutils' letters for them. */
const ENCODINGS: Readonly<Record<string, StringEncoding>> = {
  ascii: "ascii",
  s: "ascii",
  latin1: "latin1",
  utf8: "latin1",
  S: "latin1",
  utf16: "utf-16le",
  l: "utf-16le",
};

type Options = Parameters<typeof stringLines>[1];

/** `cryoscope strings CHECKPOINT…`: the printable strings in the memory of all processes. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("strings", args, OPTIONS);
  if (positionals.length === 0) throw cliErrors.usage("CHECKPOINT is missing.", "strings");
  const name = values.encoding ?? "ascii";
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding === undefined)
    throw cliErrors.usage(`--encoding is ascii, utf8 or utf16, not "${name}".`, "strings");
  const min = parseCount(values.min ?? "4", "--min", "strings", 1);
  if (min > 1024) throw cliErrors.usage("--min is at most 1024.", "strings");
  const options: Options = {
    min,
    encoding,
    blocking: true,
    filter: filterOf(values, "strings"),
    ...(values.threads !== undefined && { threads: parseCount(values.threads, "--threads", "strings", 1) }),
  };
  const isListed = values.addresses === true || values.json === true;
  const pool = isListed ? undefined : startStrings(options);
  try {
    return await openMemories(positionals, values, async (memories) => {
      if (isListed) await listed(memories, positionals, options, values.json === true, output);
      else await plain(memories, { ...options, pool }, values.count === true, output);
      for (const { message, file } of memories.flatMap(({ problems }) => problems))
        output.message(file === undefined ? message : `${file}: ${message}`);
      return EXIT.done;
    });
  } finally {
    await pool?.close();
  }
};

async function plain(
  memories: readonly CheckpointMemory[],
  options: Options,
  countOnly: boolean,
  output: CliOutput,
): Promise<void> {
  let total = 0;
  // As strings(1) has them, byte for byte; of 8 bits, half a character would be a control sequence to a terminal.
  const isRaw = options.encoding === "ascii" || (options.encoding === "latin1" && !output.toTerminal);
  for await (const { lines, count } of stringLines(memories, options)) {
    total += count;
    if (!countOnly) await output.write(isRaw ? lines : decoded(lines, options.encoding));
  }
  if (countOnly) await output.write(`${total}\n`);
}

/** With process and address; JSON as one document a line, because there are so many. */
async function listed(
  memories: readonly CheckpointMemory[],
  names: readonly string[],
  options: Options,
  asJson: boolean,
  output: CliOutput,
): Promise<void> {
  const { min, encoding } = options;
  for await (const step of searchMemory(
    memories,
    { kind: "strings", min, encoding },
    { ...options, context: 1 },
  ))
    for (const { pid, address, bytes, length } of step.matches()) {
      const text = decoded(bytes, encoding);
      // As it was named: two checkpoints may both be a folder "checkpoint".
      const checkpoint = names[memories.indexOf(step.memory)] ?? "";
      const found = { checkpoint, pid, address: hex(address), length, text };
      await output.write(asJson ? `${JSON.stringify(found)}\n` : `${pid} ${hex(address)} ${text}\n`);
    }
}

function decoded(bytes: Uint8Array, encoding: StringEncoding): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === "latin1") return text.toString("utf8");
  // Its characters are ASCII, each with a zero behind it.
  return encoding === "ascii" ? text.toString("latin1") : text.toString("latin1").replaceAll("\0", "");
}

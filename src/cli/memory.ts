import { open } from "node:fs/promises";
import { UNAVAILABLE } from "../memory/index.ts";
import type { AddressSpace, CheckpointMemory, MemoryPiece } from "../memory/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { HexDump } from "./memory-hex.ts";
import { mappingsJson, mappingTable, originJson } from "./memory-table.ts";
import { placeOf } from "./memory-place.ts";
import { hex, MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string" },
  address: { type: "string" },
  tid: { type: "string" },
  length: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

const DEFAULT_LENGTH = "256";
/** Bytes read at once; a range can be as large as it likes. */
const STEP = 1024 * 1024;
const MAX_JSON = 16 * 1024 * 1024;

/** `cryoscope memory CHECKPOINT --pid N`: the mappings of a process, or the bytes at an address. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("memory", args, OPTIONS, "CHECKPOINT");
  if (values.pid === undefined) throw cliErrors.usage("--pid is missing.", "memory");
  const pid = parseCount(values.pid, "--pid", "memory");
  if (values.address === undefined && (values.length ?? values.output) !== undefined)
    throw cliErrors.usage("--length and --output need --address.", "memory");
  const { address: place } = values;
  const tid = values.tid === undefined ? pid : parseCount(values.tid, "--tid", "memory");
  const length = parseCount(values.length ?? DEFAULT_LENGTH, "--length", "memory");
  return withMemory(path, values, async (memory) => {
    const space = await memory.space(pid);
    const address =
      place === undefined ? undefined : await placeOf(place, memory, space, tid, values.sysroot);
    if (address === undefined) return listMappings(memory, space, values.json === true, output);
    if (values.output !== undefined) return saveRange(space, address, length, values.output, output);
    if (values.json === true) return printJson(space, address, length, output);
    return dumpRange(space, address, length, output);
  });
};

async function listMappings(
  memory: CheckpointMemory,
  space: AddressSpace,
  asJson: boolean,
  output: CliOutput,
): Promise<ExitCode> {
  const regions = await space.regions();
  const { problems } = memory;
  if (asJson) {
    const { pid, pageSize } = space;
    for (const part of mappingsJson({ pid, pageSize, problems }, regions)) await output.write(part);
  } else {
    for (const part of mappingTable(regions)) await output.write(part);
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
  }
  return problems.some(({ severity }) => severity === "error") ? EXIT.findings : EXIT.done;
}

/** The pieces of a range, read a step at a time. */
async function* piecesOf(space: AddressSpace, address: bigint, length: number): AsyncGenerator<MemoryPiece> {
  for (let at = 0; at < length; at += STEP)
    yield* await space.read(address + BigInt(at), Math.min(STEP, length - at));
}

async function dumpRange(
  space: AddressSpace,
  address: bigint,
  length: number,
  output: CliOutput,
): Promise<ExitCode> {
  const dump = new HexDump(address);
  let isWhole = true;
  for await (const { bytes, length: size, origin } of piecesOf(space, address, length)) {
    if (bytes) await output.write(dump.add(bytes));
    else await output.write(dump.skip(size, origin.kind === "unavailable" ? UNAVAILABLE[origin.why] : ""));
    isWhole &&= bytes !== undefined;
  }
  await output.write(dump.end());
  return isWhole ? EXIT.done : EXIT.findings;
}

async function saveRange(
  space: AddressSpace,
  address: bigint,
  length: number,
  file: string,
  output: CliOutput,
): Promise<ExitCode> {
  const handle = await open(file, "w").catch((cause: unknown) => {
    throw cliErrors.unwritable(file, cause);
  });
  let missing = 0;
  try {
    for await (const piece of piecesOf(space, address, length)) {
      if (!piece.bytes) missing += piece.length;
      await handle.write(piece.bytes ?? new Uint8Array(piece.length)).catch((cause: unknown) => {
        throw cliErrors.unwritable(file, cause);
      });
    }
  } finally {
    await handle.close();
  }
  if (missing === 0) return EXIT.done;
  output.message(`${missing} of ${length} bytes can't be had and were written as zero.`);
  return EXIT.findings;
}

async function printJson(
  space: AddressSpace,
  address: bigint,
  length: number,
  output: CliOutput,
): Promise<ExitCode> {
  if (length > MAX_JSON)
    throw cliErrors.usage(`With --json, --length is at most ${MAX_JSON}; use -o.`, "memory");
  const pieces = (await space.read(address, length)).map((piece) => ({
    address: hex(piece.address),
    length: piece.length,
    ...originJson(piece.origin),
    ...(piece.bytes && { bytes: Buffer.from(piece.bytes).toString("base64") }),
  }));
  const document = { pid: space.pid, pageSize: space.pageSize, address: hex(address), length, pieces };
  await output.write(`${JSON.stringify(document, undefined, 2)}\n`);
  return pieces.some(({ origin }) => origin === "unavailable") ? EXIT.findings : EXIT.done;
}

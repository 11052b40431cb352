import { listModules } from "../memory/index.ts";
import type { Module } from "../memory/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { hex, MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string", multiple: true, default: [] as string[] },
} as const;

/** `cryoscope modules CHECKPOINT`: the ELF files in the memory of each process, with their build ids. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("modules", args, OPTIONS, "CHECKPOINT");
  const wanted = values.pid.map((pid) => parseCount(pid, "--pid", "modules"));
  return withMemory(path, values, async (memory) => {
    const modules: Module[] = [];
    for (const pid of wanted.length > 0 ? wanted : memory.pids)
      modules.push(...(await listModules(memory, pid)));
    const { problems } = memory;
    if (values.json === true)
      await output.write(`${JSON.stringify({ modules: modules.map(moduleJson), problems }, undefined, 2)}\n`);
    else await output.write(modules.map(moduleText).join(""));
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return EXIT.done;
  });
};

const NOTES: Readonly<Record<Module["code"], string>> = {
  file: "",
  // CRIU writes to the first pages of every program's code itself: that alone is no sign of anything.
  copied: "  (has dumped code; --sysroot compares it with the file)",
  modified: "  (code modified)",
};

const moduleText = ({ pid, start, end, buildId, name, code }: Module): string =>
  `${pid}  ${hex(start)}-${hex(end)}  ${(buildId ?? "-").padEnd(40)}  ${printable(name)}${NOTES[code]}\n`;

const moduleJson = ({ pid, start, end, buildId, from, name, code, header }: Module): object => ({
  pid,
  start: hex(start),
  end: hex(end),
  name,
  ...(buildId !== undefined && { buildId, from }),
  code,
  ...(header && { machine: header.machine, type: header.type, entry: hex(header.entry) }),
});

import { CryoscopeError } from "../bytes/index.ts";
import { openFileSink, writeCore } from "../corefile/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** `cryoscope core CHECKPOINT --pid N -o FILE`: a frozen process as an ELF core for gdb and lldb. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("core", args, OPTIONS, "CHECKPOINT");
  if (values.pid === undefined) throw cliErrors.usage("--pid is missing.", "core");
  const file = values.output;
  if (file === undefined) throw cliErrors.usage("-o FILE is missing.", "core");
  const pid = parseCount(values.pid, "--pid", "core");
  return withMemory(path, values, async (memory) => {
    // Before anything is written: a wrong pid should leave no trace.
    await memory.space(pid);
    const sink = await openFileSink(file).catch((cause: unknown) => {
      throw cliErrors.unwritable(file, cause);
    });
    try {
      const summary = await writeCore(memory.checkpoint, memory, pid, sink);
      await sink.done();
      const { problems } = memory;
      if (values.json === true)
        await output.write(`${JSON.stringify({ file, pid, ...summary, problems }, undefined, 2)}\n`);
      else
        for (const { message, file: place } of problems)
          output.message(place === undefined ? message : `${place}: ${message}`);
      return problems.some(({ severity }) => severity === "error") ? EXIT.findings : EXIT.done;
    } catch (error) {
      await sink.discard();
      throw error instanceof CryoscopeError ? error : cliErrors.unwritable(file, error);
    }
  });
};

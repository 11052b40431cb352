import { keepsHistory, readHistory } from "../analysis/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { hex, MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string", multiple: true, default: [] as string[] },
} as const;

/** `cryoscope history CHECKPOINT`: the lines that were typed into shells. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("history", args, OPTIONS, "CHECKPOINT");
  const wanted = values.pid.map((pid) => parseCount(pid, "--pid", "history"));
  return withMemory(path, values, async (memory) => {
    const lines: object[] = [];
    for (const pid of wanted.length > 0 ? wanted : memory.pids) {
      if (wanted.length === 0 && !keepsHistory(await memory.space(pid))) continue;
      for (const { address, text, time, number } of await readHistory(memory, pid)) {
        const when = time === undefined ? undefined : timeText(time);
        if (values.json === true)
          lines.push({
            pid,
            ...(number !== undefined && { number }),
            ...(when !== undefined && { time: when }),
            line: text,
            address: hex(address),
          });
        else {
          // One line each: what is typed may go over several.
          const line = printable(text.replaceAll("\n", "\\n"));
          await output.write(
            `${pid}  ${String(number ?? "-").padStart(5)}  ${(when ?? "").padEnd(20)}  ${line}\n`,
          );
        }
      }
    }
    const { problems } = memory;
    if (values.json === true) await output.write(`${JSON.stringify({ lines, problems }, undefined, 2)}\n`);
    for (const { message, file } of problems)
      output.message(file === undefined ? message : `${file}: ${message}`);
    return EXIT.done;
  });
};

/** Seconds since 1970 as people read them; as they are when no calendar has them. */
function timeText(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(".000Z", "Z");
}

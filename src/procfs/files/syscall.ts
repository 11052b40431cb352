import type { ProcFile } from "../model.ts";
import { systemCall, threadOf } from "../task-facts.ts";
import { hex } from "../text.ts";

/** `fs/proc/base.c: proc_pid_syscall`: the call a thread is in, its arguments, stack and instruction pointer. x86 only. */
export const syscall: ProcFile = {
  name: "syscall",
  perThread: true,
  absent: "on machines other than x86.",
  write: async (task) => {
    const registers = (await threadOf(task))?.registers;
    if (registers?.architecture !== "X86_64") return undefined;
    const number = systemCall(await threadOf(task));
    if (number === undefined) return "running\n";
    const values = ["di", "si", "dx", "r10", "r8", "r9", "sp", "ip"].map(
      (name) => `0x${hex(registers.general[name] ?? 0n)}`,
    );
    return `${number} ${values.join(" ")}\n`;
  },
  differences: [
    {
      field: "instruction pointer",
      frozen: "2 less, where the call will be made again",
      why: "CRIU sets an interrupted call back, so that the restored task makes it again.",
      pattern: / 0x[0-9a-f]+\n/g,
      becomes: " *\n",
    },
  ],
};

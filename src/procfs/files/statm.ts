import type { ProcFile } from "../model.ts";
import { memorySums, mmOf } from "../task-facts.ts";

/** `fs/proc/array.c: proc_pid_statm`, in pages. */
export const statm: ProcFile = {
  name: "statm",
  perThread: true,
  write: async (task) => {
    const mm = await mmOf(task);
    if (mm === undefined) return "0 0 0 0 0 0 0\n";
    const pageSize = await task.images.pageSize(task.process.pid);
    const { total, text, data, stack } = memorySums(mm, pageSize);
    const pages = (bytes: bigint): bigint => bytes / BigInt(pageSize);
    return `${pages(total)} 0 0 ${pages(text)} 0 ${pages(data + stack)} 0\n`;
  },
  differences: [
    {
      field: "resident and shared",
      frozen: "0",
      why: "A dump holds the pages that have to be kept, not which ones were resident.",
      pattern: /^(\d+) \d+ \d+/g,
      becomes: "$1 * *",
    },
  ],
};

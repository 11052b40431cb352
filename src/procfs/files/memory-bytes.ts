import type { ProcFile } from "../model.ts";
import { mmOf } from "../task-facts.ts";

/** `fs/proc/base.c: environ_read`: the memory between two marks, as it is now. */
export const environ: ProcFile = {
  name: "environ",
  perThread: true,
  write: async (task) => {
    const mm = await mmOf(task);
    return mm && task.images.memory(task.process.pid, mm.mm_env_start, mm.mm_env_end);
  },
  differences: [],
};

/** `fs/proc/base.c: get_mm_cmdline`. The model reads it by the kernel's rules. */
export const cmdline: ProcFile = {
  name: "cmdline",
  perThread: true,
  write: async (task) => {
    const mm = await mmOf(task);
    if (mm === undefined) return "";
    const { pid } = task.process;
    const { mm_arg_start: start, mm_arg_end: end, mm_env_start: envStart, mm_env_end: envEnd } = mm;
    const bytes = await task.images.memory(pid, start, end);
    // Where the last argument still ends with NUL, nobody wrote a title over them.
    if (bytes === undefined || bytes.length === 0 || bytes.at(-1) === 0) return bytes;
    const all = envStart === end && envEnd > end ? await task.images.memory(pid, start, envEnd) : bytes;
    const title = all ?? bytes;
    const nul = title.indexOf(0);
    return nul < 0 ? title : title.subarray(0, nul + 1);
  },
  differences: [],
};

/** `fs/proc/base.c: auxv_read`: pairs up to the one that is null, as long words of the machine. */
export const auxv: ProcFile = {
  name: "auxv",
  perThread: true,
  write: async (task) => {
    const mm = await mmOf(task);
    if (mm === undefined) return mm;
    const words = mm.mm_saved_auxv;
    const bigEndian = task.checkpoint.layers[0]?.bigEndian === true;
    const pairs: bigint[] = [];
    for (let index = 0; index < words.length && (words[index] ?? 0n) !== 0n; index += 2)
      pairs.push(words[index] ?? 0n, words[index + 1] ?? 0n);
    const view = new DataView(new ArrayBuffer((pairs.length + 2) * 8));
    pairs.forEach((word, index) => {
      view.setBigUint64(index * 8, word, !bigEndian);
    });
    return new Uint8Array(view.buffer);
  },
  differences: [],
};

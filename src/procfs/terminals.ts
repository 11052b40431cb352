import type { Task } from "./model.ts";

/** A process's controlling terminal, as `stat` tells it. */
export interface Terminal {
  /** Device number in the form of user space (`include/linux/kdev_t.h: new_encode_dev`); 0 for none. */
  readonly device: number;
  /** The process group in the foreground; -1 for none. */
  readonly foreground: number;
}

const NONE: Terminal = { device: 0, foreground: -1 };

/** Device number of /dev/ptmx, the master's end of every pty. */
const PTMX = (5 << 8) | 2;
/** Major number of the first 256 slaves. */
const SLAVES = 136;

/** The terminal whose session is that of the process (`images/tty.proto`). CRIU notes the session with the master. */
export async function controllingTerminal(task: Task): Promise<Terminal> {
  const { sid } = task.process;
  if (sid === 0) return NONE;
  const terminals = await task.images.all("tty-info.img", "tty_info_entry");
  const found = terminals.find((info) => info.sid === sid);
  if (found === undefined) return NONE;
  const index = found.pty?.index ?? 0;
  const device = found.rdev === PTMX ? ((SLAVES + (index >> 8)) << 8) | (index & 0xff) : found.rdev;
  return { device: device | 0, foreground: found.pgrp };
}

import type { SystemFile } from "../model.ts";

const MICROSECONDS_IN_CENTISECOND = 10_000n;

/** `fs/proc/uptime.c`: how long the machine had been up at the dump. */
export const uptime: SystemFile = {
  name: "uptime",
  absent: "unless memory tracking made CRIU note it (`--track-mem`).",
  write: async ({ images }) => {
    const at = (await images.one("inventory.img", "inventory_entry"))?.dump_uptime;
    if (at === undefined) return undefined;
    const hundredths = at / MICROSECONDS_IN_CENTISECOND;
    return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} 0.00\n`;
  },
  differences: [
    {
      field: "idle time",
      frozen: "0.00",
      why: "How long the CPUs were idle is not dumped.",
      pattern: / \S+$/gm,
      becomes: " *",
    },
  ],
};

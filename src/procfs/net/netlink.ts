import type { ProcFile } from "../model.ts";
import { hex } from "../text.ts";
import { OTHERS, socketsOf } from "./sockets.ts";

const left = (value: number, width: number): string => String(value).padEnd(width);

/** `net/netlink/af_netlink.c: netlink_native_seq_show`. */
export const netlinkSockets: ProcFile = {
  name: "net/netlink",
  perThread: true,
  write: async (task) => {
    const sockets = await socketsOf(task, "nlsk");
    return [
      "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n",
      // One that was never bound is in no table, and so not listed.
      ...sockets
        .filter(({ portid }) => portid !== 0)
        .map(
          ({ protocol, portid, groups, ino }) =>
            `0000000000000000 ${left(protocol, 3)} ${left(portid, 10)} ${hex((groups[0] ?? 0) >>> 0, 8)} ` +
            `${left(0, 8)} ${left(0, 8)} ${left(0, 5)} ${left(0, 8)} ${left(0, 8)} ${left(ino, 8)}\n`,
        ),
    ];
  },
  differences: [
    OTHERS,
    {
      field: "sk and order",
      frozen: "0, in the order of files.img",
      why: "These are addresses in the kernel's memory, and the buckets of a hash table.",
      pattern: /^[0-9a-f]{8,} /gm,
      becomes: "* ",
      unordered: true,
    },
    {
      field: "Rmem to Drops",
      frozen: "0",
      why: "Counters are not dumped.",
      pattern: /(?<=^\* \d+ +\d+ +[0-9a-f]{8}) \d+ +\d+ +\d+ +\d+ +\d+ +(?=\d+ *$)/gm,
      becomes: " * ",
    },
  ],
};

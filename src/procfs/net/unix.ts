import { decodeText } from "../../bytes/index.ts";
import type { ProcFile } from "../model.ts";
import { hex } from "../text.ts";
import { OTHERS, socketsOf } from "./sockets.ts";

const ESTABLISHED = 1;
const LISTEN = 10;
const SO_ACCEPTCON = 0x10000;
const SS_UNCONNECTED = 1;
const SS_CONNECTED = 3;

/** `net/unix/af_unix.c: unix_seq_show`. */
export const unixSockets: ProcFile = {
  name: "net/unix",
  perThread: true,
  write: async (task) => {
    const sockets = await socketsOf(task, "usk");
    return [
      "Num       RefCount Protocol Flags    Type St Inode Path\n",
      ...sockets.map(({ state, type, ino, name }) => {
        const flags = state === LISTEN ? SO_ACCEPTCON : 0;
        const connected = state === ESTABLISHED ? SS_CONNECTED : SS_UNCONNECTED;
        const path = shownName(name);
        return (
          `0000000000000000: 00000000 00000000 ${hex(flags, 8)} ${hex(type, 4).toUpperCase()} ` +
          `${hex(connected, 2)} ${String(ino).padStart(5)}${path === "" ? "" : ` ${path}`}\n`
        );
      }),
    ];
  },
  differences: [
    OTHERS,
    {
      field: "Num, RefCount and order",
      frozen: "0, in the order of files.img",
      why: "These are addresses in the kernel's memory, counters, and the buckets of a hash table.",
      pattern: /^[0-9a-f]{8,}: [0-9A-F]{8}/gm,
      becomes: "*",
      unordered: true,
    },
  ],
};

/** A path up to its NUL; NULs of an abstract name as `@`, with which it begins. */
function shownName(bytes: Uint8Array): string {
  const isAbstract = bytes[0] === 0;
  const end = bytes.indexOf(0);
  const text = decodeText(isAbstract || end < 0 ? bytes : bytes.subarray(0, end));
  return text.replaceAll("\0", "@");
}

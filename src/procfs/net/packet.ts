import type { ProcFile } from "../model.ts";
import { hex } from "../text.ts";
import { OTHERS, socketsOf } from "./sockets.ts";

const left = (value: number, width: number): string => String(value).padEnd(width);

/** The entry has the protocol in network byte order. */
const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);

/** `net/packet/af_packet.c: packet_seq_show`. */
export const packetSockets: ProcFile = {
  name: "net/packet",
  perThread: true,
  write: async (task) => {
    const sockets = await socketsOf(task, "psk");
    return [
      "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n",
      ...sockets.map(({ type, protocol, ifindex, id }) => {
        const number = swap16(protocol);
        const running = number === 0 ? 0 : 1;
        return (
          `0000000000000000 ${left(0, 6)} ${left(type, 4)} ${hex(number, 4)}   ${left(ifindex, 5)} ` +
          `${running} ${left(0, 6)} ${left(0, 6)} ${left(id, 6)}\n`
        );
      }),
    ];
  },
  differences: [
    OTHERS,
    {
      field: "sk and RefCnt",
      frozen: "0",
      why: "These are addresses in the kernel's memory, and counters.",
      pattern: /^[0-9a-f]{8,} \d+ */gm,
      becomes: "* ",
    },
    {
      field: "R",
      frozen: "1 for a socket with a protocol",
      why: "Whether its device was up is not dumped with a socket.",
      // A socket whose device was down is for the reader to see.
      pattern: /(?!)/g,
      becomes: "",
    },
    {
      field: "Rmem, User, Inode",
      frozen: "0, 0, CRIU's own number",
      why: "They are not dumped.",
      pattern: /(?<=^\* \d+ +[0-9a-f]{4} +\d+ +[01]) \d+ +\d+ +\d+ *$/gm,
      becomes: "",
    },
  ],
};

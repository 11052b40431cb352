import type { Network } from "../../checkpoint/index.ts";
import type { ProcFile, Task } from "../model.ts";
import { hex } from "../text.ts";
import { networkOf } from "./sockets.ts";

export const NOT_DUMPED =
  "unless the network namespace was dumped, as it is for containers with one of their own.";

/** The process's network namespace; undefined where it was not dumped. */
export async function networkFacts(task: Task): Promise<Network | undefined> {
  const id = await networkOf(task);
  const networks = await task.images.keep("networks", async () => (await task.checkpoint.networks()).value);
  return networks.find((network) => network.id === id);
}

/** The names of its devices, by their number. */
export const deviceNames = ({ devices }: Network): ReadonlyMap<number, string> =>
  new Map(devices.map(({ index, name }) => [index, name]));

const HEADER = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
/** Widths of the columns behind a device's name. */
const WIDTHS = [7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10];

/** `net/core/net-procfs.c: dev_seq_show`. */
export const devices: ProcFile = {
  name: "net/dev",
  perThread: true,
  absent: NOT_DUMPED,
  write: async (task) => {
    const network = await networkFacts(task);
    if (network === undefined) return undefined;
    const zeros = WIDTHS.map((width) => "0".padStart(width)).join(" ");
    return [HEADER, ...network.devices.map(({ name }) => `${name.padStart(6)}: ${zeros}\n`)];
  },
  differences: [
    {
      field: "all counters",
      frozen: "0",
      why: "Counters of devices are not dumped.",
      pattern: /(?<=^ *[^\s|]+:).*$/gm,
      becomes: "",
    },
  ],
};

/** `include/net/ipv6.h: IPV6_ADDR_*`, by the scope that rtnetlink tells. */
const SCOPES: Readonly<Record<string, number>> = {
  RT_SCOPE_UNIVERSE: 0x00,
  RT_SCOPE_LINK: 0x20,
  RT_SCOPE_HOST: 0x10,
  RT_SCOPE_SITE: 0x40,
};
/** `include/uapi/linux/if_addr.h`, the flags that fit in the column's byte. */
const FLAGS: Readonly<Record<string, number>> = {
  IFA_F_SECONDARY: 0x01,
  IFA_F_NODAD: 0x02,
  IFA_F_OPTIMISTIC: 0x04,
  IFA_F_DADFAILED: 0x08,
  IFA_F_HOMEADDRESS: 0x10,
  IFA_F_DEPRECATED: 0x20,
  IFA_F_TENTATIVE: 0x40,
  IFA_F_PERMANENT: 0x80,
};

/** `net/ipv6/addrconf.c: if6_seq_show`. */
export const inet6Addresses: ProcFile = {
  name: "net/if_inet6",
  perThread: true,
  absent: NOT_DUMPED,
  write: async (task) => {
    const network = await networkFacts(task);
    if (network === undefined) return undefined;
    const names = deviceNames(network);
    return network.addresses
      .filter(({ family }) => family === "IPv6")
      .map(({ address, interfaceIndex, prefixLength, scope, flags }) => {
        const bits = flags.reduce((sum, name) => sum | (FLAGS[name] ?? 0), 0);
        const columns = [interfaceIndex, prefixLength, SCOPES[scope] ?? 0, bits].map((number) =>
          hex(number, 2),
        );
        const name = names.get(interfaceIndex) ?? "";
        return `${ipv6Digits(address)} ${columns.join(" ")} ${name.padStart(8)}\n`;
      });
  },
  differences: [
    {
      field: "order",
      frozen: "as in the image",
      why: "The kernel lists addresses by the buckets of its hash table.",
      pattern: /(?!)/g,
      becomes: "",
      unordered: true,
    },
  ],
};

/** An IPv6 address, `fe80::1`, as 32 hexadecimal digits. */
export function ipv6Digits(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = (part: string): string[] => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join("");
}

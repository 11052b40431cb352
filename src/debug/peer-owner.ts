// Whose process is at the other end of a connection over this machine's loopback.
import { readFile } from "node:fs/promises";

/** `/proc/net/tcp` and `tcp6` (proc_net(5)): addresses are hexadecimal words in the machine's byte order. */
const TABLES = ["tcp", "tcp6"];
/** TCP_ESTABLISHED. Later states may have lost their owner, and show root. */
const ESTABLISHED = "01";

/**
 * The user id of who holds the other end of a connection between two ports of 127.0.0.1: `null` when that can't be told
 * (it is gone already), undefined where there is no such table (not Linux).
 */
export async function peerOwner(
  peerPort: number,
  ownPort: number,
  folder = "/proc/net",
): Promise<number | null | undefined> {
  const texts = await Promise.all(
    TABLES.map((name) => readFile(`${folder}/${name}`, "utf8").catch(() => undefined)),
  );
  if (texts.every((text) => text === undefined)) return undefined;
  const [from, to] = [hex(peerPort), hex(ownPort)];
  for (const line of texts.flatMap((text) => text?.split("\n") ?? [])) {
    const [, local, remote, state, , , , uid] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && local?.endsWith(from) && remote?.endsWith(to)) {
      if (isLoopback(local) && isLoopback(remote)) return Number(uid);
    }
  }
  return null;
}

const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;

/** 127.0.0.1 in both byte orders, alone or as the end of an IPv6 address that stands for it. */
const isLoopback = (address: string): boolean => /(?:0100007F|7F000001):/.test(address);

import { isIPv4, isIPv6 } from "node:net";

/**
 * An IP address as the words of a repeated field: one for IPv4, four for IPv6, each with its bytes in network order.
 * undefined when the text is no address.
 */
export function parseAddress(text: string): readonly number[] | undefined {
  if (isIPv4(text)) return words(text.split(".").map(Number));
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = "", tail] = text.split("::");
  const left = groups(head);
  if (tail === undefined) return words(left);
  const right = groups(tail);
  const zeros = Array.from({ length: 16 - left.length - right.length }, () => 0);
  return words([...left, ...zeros, ...right]);
}

/** Bytes of hexadecimal groups, the last of which may be an IPv4 address. */
function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 0xff];
  });
}

function words(bytes: readonly number[]): readonly number[] {
  const view = Buffer.from(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.readUInt32LE(index * 4));
}

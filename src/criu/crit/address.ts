/**
 * An IP address out of a repeated field: one element is IPv4, four are IPv6, each with its bytes in network order. Written
 * as Python's `ipaddress` does since Python 3.13. undefined for another number of elements, at which crit fails.
 */
export function ipAddress(words: readonly number[]): string | undefined {
  const bytes = words.flatMap((word) => [
    word & 0xff,
    (word >>> 8) & 0xff,
    (word >>> 16) & 0xff,
    word >>> 24,
  ]);
  if (bytes.length === 4) return bytes.join(".");
  return bytes.length === 16 ? ipv6(bytes) : undefined;
}

function ipv6(bytes: readonly number[]): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join(".")}`;
  const { start, end } = longestZeros(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  // One zero alone is not worth two colons.
  return end - start < 2 ? text(0, 8) : `${text(0, start)}::${text(end, 8)}`;
}

function longestZeros(groups: readonly number[]): { start: number; end: number } {
  let longest = { start: 0, end: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.end - longest.start) longest = { start, end: index + 1 };
  }
  return longest;
}

import { criuSchema } from "../criu/index.ts";

/** The schema's name for a number (`enumName("tcp.state", 10)` is `LISTEN`), or the number where it has none. */
export function enumName(table: string, value: number): string {
  const values = Object.entries(criuSchema.enums[table]?.values ?? {});
  return values.find(([, number]) => number === value)?.[0] ?? String(value);
}

/** The names of the bits of `value` in a table of the schema (`flagNames("epoll", 1)`); bits without one follow in hex. */
export function flagNames(table: string, value: number | bigint): readonly string[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const names: string[] = [];
  for (const [name, bits] of criuSchema.flags[table]?.bits ?? []) {
    // The schema writes bit 31 as a negative number.
    const mask = BigInt(bits >>> 0);
    if (mask === 0n || (rest & mask) !== mask) continue;
    names.push(name);
    rest &= ~mask;
  }
  return rest === 0n ? names : [...names, `0x${rest.toString(16)}`];
}

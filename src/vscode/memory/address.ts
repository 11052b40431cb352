/** Addresses as messages to the view have them. */
export const hex = (address: bigint): string => address.toString(16);

/** Parses what `hex` writes; undefined for anything else. */
export function fromHex(text: string): bigint | undefined {
  return /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** An address as people see it. */
export const shown = (address: bigint): string => `0x${address.toString(16)}`;

/**
 * An address as people type it: `0x7f00`, `7f00` (hexadecimal, as in /proc/PID/maps, underscores and backquotes between
 * digits), or relative to where one is: `+0x10`, `-16`. Undefined when it is none.
 */
export function parsePlace(text: string, here: bigint): bigint | undefined {
  const clean = text.trim().replaceAll(/[_`]/g, "");
  const relative = /^([+-])\s*(0x[0-9a-f]{1,16}|[0-9]{1,19})$/i.exec(clean);
  if (relative) {
    const by = BigInt(relative[2] ?? "0");
    return within(relative[1] === "-" ? here - by : here + by);
  }
  const absolute = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(clean);
  return absolute ? BigInt(`0x${absolute[1] ?? "0"}`) : undefined;
}

const within = (address: bigint): bigint | undefined =>
  address >= 0n && address < 1n << 64n ? address : undefined;

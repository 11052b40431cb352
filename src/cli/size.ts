import { cliErrors } from "./errors.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of a size as people write it: `500000`, `64M`, `10GiB` (units of 1024). Throws `cli.usage`. */
export function parseSize(text: string, option: string): number {
  const [, number = "", unit = ""] = /^(\d{1,15})([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = number === "" ? NaN : Number(number) * (UNITS[unit.toLowerCase()] ?? NaN);
  if (!Number.isSafeInteger(bytes))
    throw cliErrors.usage(`${option} takes a size such as 20G, not "${text}".`);
  return bytes;
}

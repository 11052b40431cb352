/** An address as in /proc/PID/maps, with `digits` digits. */
export const addressText = (address: bigint, digits: number): string =>
  address.toString(16).padStart(digits, "0");

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** `512 bytes`, `4 KiB`, `1.5 MiB`. */
export function sizeText(size: bigint | number): string {
  let value = Number(size);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${String(Number(value.toFixed(1)))} ${UNITS[unit] ?? ""}`;
}

/** The last part of a path; what isn't one, such as `[heap]`, as it is. */
export function shortName(name: string, kind: string): string {
  if (name === "") return kind;
  return name.startsWith("/") ? name.slice(name.lastIndexOf("/") + 1) : name;
}

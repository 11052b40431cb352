// Numbers of the document as people read them, in trees and tables; JSON keeps them plain.

/** What CRIU measured, in microseconds (`images/stats.proto`). */
const MICROSECONDS = new Set([
  "freezingTime",
  "frozenTime",
  "memdumpTime",
  "memwriteTime",
  "irmapResolveTime",
  "forkingTime",
  "restoreTime",
]);
/** Permissions are octal to everyone. */
const OCTAL = new Set(["mode", "umask"]);
/** Milliseconds since 1970. */
const DATES = new Set(["written"]);
/** The furthest that a date goes, in milliseconds. */
const LAST_DATE = 8.64e15;

/** A plain field of the document in words. */
export function shownValue(name: string, value: string | number | boolean): string {
  if (typeof value !== "number") return String(value);
  if (OCTAL.has(name)) return `0${value.toString(8)}`;
  if (DATES.has(name) && Math.abs(value) <= LAST_DATE) return new Date(value).toISOString();
  if (MICROSECONDS.has(name)) return value < 1000 ? `${value} µs` : `${(value / 1000).toFixed(1)} ms`;
  return String(value);
}

const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text in quotes, with control and direction characters escaped: evidence must not paint over the editor. */
export function quote(text: string, limit: number): string {
  const shown = text.length > limit ? text.slice(0, limit) : text;
  const escaped = JSON.stringify(shown).replace(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > limit ? `${escaped}…` : escaped;
}

/** Bytes as `de ad be ef`, at most about `limit` characters of it. */
export function hexText(bytes: Uint8Array, limit: number): string {
  const shown = bytes.subarray(0, Math.max(1, Math.floor(limit / 3)));
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return shown.length < bytes.length ? `${hex} …` : hex;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `1 byte`, `4096 bytes`; from 10 KiB on a binary unit with at most one decimal. */
export function showSize(bytes: number): string {
  if (bytes === 1) return "1 byte";
  if (bytes < 10 * 1024) return `${String(bytes)} bytes`;
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) ? String(amount) : amount.toFixed(1)} ${UNITS[power] ?? ""}`;
}

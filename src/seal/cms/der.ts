/** One element of DER: its tag byte, and where its content lies. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  /** May lie past the bytes that are at hand, for a large content. */
  readonly end: number;
}

export const DER = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0x80,
  context4: 0x84,
  contextConstructed0: 0xa0,
} as const;

/** More elements than one level of what is read here ever has. */
const MAX_ELEMENTS = 4096;

/**
 * The elements in `[start, end)` of `bytes`; undefined when they are not DER, or of indefinite length. The last may end
 * past the bytes that are there, not past `end`.
 */
export function derElements(
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly DerElement[] | undefined {
  const found: DerElement[] = [];
  for (let at = start; at < end && at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    // Tags of several bytes don't occur here.
    if ((tag & 0x1f) === 0x1f || first === undefined || first === 0x80 || first > 0x86) return undefined;
    const width = first < 0x80 ? 0 : first - 0x80;
    if (at + 2 + width > bytes.length) return undefined;
    let length = width === 0 ? first : 0;
    for (let digit = 0; digit < width; digit++) length = length * 256 + (bytes[at + 2 + digit] ?? 0);
    const content = at + 2 + width;
    if (content + length > end || found.length >= MAX_ELEMENTS) return undefined;
    found.push({ tag, start: content, end: content + length });
    at = content + length;
  }
  return found;
}

/** An object identifier's content as dotted numbers. */
export function oidText(bytes: Uint8Array): string {
  const [first = 0, ...rest] = bytes;
  const numbers = [Math.floor(first / 40), first % 40];
  let value = 0;
  for (const byte of rest) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  return numbers.join(".");
}

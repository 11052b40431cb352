const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a byte that is no UTF-8 becomes: U+DC80 to U+DCFF, as Python's `surrogateescape` (PEP 383) has it. */
const ESCAPE = 0xdc00;
/** A half of a surrogate pair without the other. */
const LONE = /\p{Surrogate}/u;
const LONES = /\p{Surrogate}/gu;

/**
 * Text out of UTF-8 that need not be any: names of files and programs are bytes to the kernel. A byte that is no UTF-8
 * becomes a lone surrogate, of which `encodeText` makes the byte again; two names that differ stay two.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  let lossless = "";
  let run = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length > 0) at += length;
    else {
      lossless += utf8.decode(bytes.subarray(run, at)) + String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
      run = ++at;
    }
  }
  return lossless + utf8.decode(bytes.subarray(run));
}

/** The bytes of a text, as `decodeText` read them. A lone surrogate that stands for no byte becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  if (!LONE.test(text)) return Buffer.from(text, "utf8");
  const parts: Uint8Array[] = [];
  let run = 0;
  for (const { 0: half, index } of text.matchAll(LONES)) {
    const byte = half.charCodeAt(0) - ESCAPE;
    if (byte < 0x80 || byte > 0xff) continue;
    parts.push(Buffer.from(text.slice(run, index), "utf8"), Uint8Array.of(byte));
    run = index + 1;
  }
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(text.slice(run), "utf8")]));
}

/** Whether `decodeText` met bytes that are no UTF-8. */
export const hasEscapes = (text: string): boolean => LONE.test(text);

/** Bytes of the character at `at`, 1 to 4; 0 where there is none (RFC 3629, section 4). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const second = bytes[at + 1] ?? 0;
  const [from, to] = SECOND[first] ?? [0x80, 0xbf];
  if (length === 0 || second < from || second > to) return 0;
  for (let next = 2; next < length; next++) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** First bytes after which not every continuation byte may come. */
const SECOND: Readonly<Record<number, readonly [from: number, to: number]>> = {
  0xe0: [0xa0, 0xbf],
  0xed: [0x80, 0x9f],
  0xf0: [0x90, 0xbf],
  0xf4: [0x80, 0x8f],
};

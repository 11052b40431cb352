/**
 * The bytes of quoted-printable text as Python's `quopri.decodestring` reads them (RFC 2045): soft line breaks join
 * lines, `=XX` is a byte, and white space before a line's end is none. An `=` that begins neither stays.
 */
export function quotedPrintableBytes(text: string): Uint8Array {
  const joined = text.replace(/=[ \t]*\r?\n/g, "");
  const bytes: number[] = [];
  for (let at = 0; at < joined.length; at++) {
    const [, hex] = /^=([0-9A-Fa-f]{2})/.exec(joined.slice(at, at + 3)) ?? [];
    if (hex === undefined) bytes.push(...Buffer.from(joined[at] ?? "", "utf8"));
    else {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

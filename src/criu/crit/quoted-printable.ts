const LINE = 76;
const [TAB, LINE_FEED, RETURN, SPACE, DOT, EQUALS] = [0x09, 0x0a, 0x0d, 0x20, 0x2e, 0x3d] as const;

/**
 * Quoted-printable as Python's `quopri.encodestring` writes it (RFC 2045), line for line: crit prints the names of unix
 * sockets this way.
 */
export function quotedPrintable(bytes: Uint8Array): string {
  const lineEnd = bytes[bytes.indexOf(LINE_FEED) - 1] === RETURN ? "\r\n" : "\n";
  const lines: string[] = [];
  let line = "";
  const append = (text: string, mayFillLine = false): void => {
    if (line.length + text.length >= LINE && !mayFillLine) {
      lines.push(`${line}=`);
      line = "";
    }
    line += text;
  };
  for (const [index, byte] of bytes.entries()) {
    const next = bytes[index + 1];
    if (byte === LINE_FEED) {
      lines.push(line.replace(/[ \t]$/, (space) => quoted(space.charCodeAt(0))));
      line = "";
    } else if (byte === RETURN && next === LINE_FEED) continue;
    else if (mustBeQuoted(byte, next, line.length)) append(quoted(byte));
    else append(String.fromCharCode(byte), next === undefined || next === LINE_FEED);
  }
  return [...lines, line].join(lineEnd);
}

function mustBeQuoted(byte: number, next: number | undefined, column: number): boolean {
  if (byte === SPACE || byte === TAB) return next === undefined;
  // A line of one dot ends a mail.
  if (byte === DOT)
    return column === 0 && (next === undefined || next === LINE_FEED || next === RETURN || next === 0);
  return byte === EQUALS || byte > 0x7e || (byte < SPACE && byte !== RETURN);
}

function quoted(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

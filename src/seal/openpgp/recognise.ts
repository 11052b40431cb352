const ARMOR = "-----BEGIN PGP MESSAGE-----";
/** Versions of the packets that a message begins with: of a key for a public key, and for a passphrase. */
const VERSIONS: Readonly<Record<number, readonly number[]>> = { 1: [2, 3, 6], 3: [4, 5, 6] };

/** A packet's header (RFC 9580, 4.2): its tag, and where its content begins; undefined when it is none. */
function packetHeader(
  bytes: Uint8Array,
  at: number,
): { tag: number; start: number; length: number | undefined } | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const number = (from: number, width: number): number =>
    [...bytes.subarray(from, from + width)].reduce((value, byte) => value * 256 + byte, 0);
  if ((first & 0x40) === 0) {
    const width = [1, 2, 4][first & 3];
    const tag = (first >> 2) & 15;
    return width === undefined
      ? { tag, start: at + 1, length: undefined }
      : { tag, start: at + 1 + width, length: number(at + 1, width) };
  }
  const tag = first & 63;
  const length = bytes[at + 1] ?? 0;
  if (length < 192) return { tag, start: at + 2, length };
  if (length < 224) return { tag, start: at + 3, length: (length - 192) * 256 + (bytes[at + 2] ?? 0) + 192 };
  if (length === 255) return { tag, start: at + 6, length: number(at + 2, 4) };
  return { tag, start: at + 2, length: undefined };
}

export function isArmoredMessage(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 64))
    .toString("latin1")
    .startsWith(ARMOR);
}

/** Whether a file that begins like this is an encrypted OpenPGP message. The mark of the binary form is weak. */
export function isPgpMessage(head: Uint8Array): boolean {
  if (isArmoredMessage(head)) return true;
  const packet = packetHeader(head, 0);
  const isPlausible = packet?.length !== undefined && packet.length > 0 && packet.length < 8192;
  return isPlausible && (VERSIONS[packet.tag]?.includes(head[packet.start] ?? 0) ?? false);
}

/** For whom a binary message is sealed: ids of keys in hex, and whether a passphrase opens it too. */
export function pgpRecipients(head: Uint8Array): { keyIds: readonly string[]; passphrase: boolean } {
  const keyIds: string[] = [];
  let passphrase = false;
  for (let at = 0, packet = packetHeader(head, 0); packet; packet = packetHeader(head, at)) {
    const { tag, start, length } = packet;
    if ((tag !== 1 && tag !== 3) || length === undefined || start + length > head.length) break;
    if (tag === 3) passphrase = true;
    else if (head[start] === 3)
      keyIds.push(
        Buffer.from(head.subarray(start + 1, start + 9))
          .toString("hex")
          .toUpperCase(),
      );
    at = start + length;
  }
  return { keyIds, passphrase };
}

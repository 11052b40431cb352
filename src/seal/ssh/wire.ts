// The data types of SSH (RFC 4251, section 5), of which its keys are made.

/** Reads values one after the other; each is undefined where the bytes end before it does. */
export interface SshReader {
  uint32(): number | undefined;
  /** A copy-free view: length and bytes, which may be a text, a nested value, or an mpint. */
  string(): Buffer | undefined;
  /** What is left. */
  rest(): Buffer;
}

export function sshReader(bytes: Buffer): SshReader {
  let at = 0;
  const uint32 = (): number | undefined => {
    if (at + 4 > bytes.length) return undefined;
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  return {
    uint32,
    string() {
      const length = uint32();
      if (length === undefined || at + length > bytes.length) return undefined;
      at += length;
      return bytes.subarray(at - length, at);
    },
    rest: () => bytes.subarray(at),
  };
}

/** Strings, each behind its length. */
export function sshStrings(...values: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(value.length);
      return [length, value];
    }),
  );
}

/** A positive number in big endian as an mpint's bytes: no zeros in front, but one where the highest bit is set. */
export function mpint(number: Uint8Array): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.alloc(0) : Buffer.from(number.subarray(first));
  return (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short;
}

/** An mpint's bytes without the zero that keeps it positive. */
export function unsigned(bytes: Buffer): Buffer {
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
}

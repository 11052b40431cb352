import { editErrors } from "./errors.ts";

/** The field that says how long a payload is, and how. Numbers and padding are those of `payloads.ts`. */
interface LengthRule {
  readonly field: string;
  /** Bytes that the field counts in. */
  readonly unit: number;
  /** The payload is filled up to a multiple of this. */
  readonly align: number;
}

/** By the payload's kind and name. A payload that isn't here has to keep its length. */
const LENGTHS: Readonly<Record<string, LengthRule>> = {
  "pipe-data data": { field: "bytes", unit: 1, align: 1 },
  "sk-packet data": { field: "length", unit: 1, align: 1 },
  "tcp-queues inq": { field: "inq_len", unit: 1, align: 1 },
  "tcp-queues outq": { field: "outq_len", unit: 1, align: 1 },
  "ipc-shm data": { field: "size", unit: 1, align: 4 },
  "ipc-semaphores data": { field: "nsems", unit: 2, align: 8 },
  // Contents in one piece go on to the end of the image.
  "ghost data": { field: "size", unit: 1, align: 1 },
};

export interface PayloadChange {
  /** Bytes and the zeros behind them. */
  readonly content: Uint8Array;
  /** Whether the padding that was behind the payload is replaced too. */
  readonly padded: boolean;
  /** The entry's length field and its new value; undefined when the length is what it was. */
  readonly mend: { readonly field: string; readonly value: bigint } | undefined;
}

/**
 * What giving the payload `name` of an entry new bytes means; `kind` is `ImageType.payload`. Throws
 * `edit.payloadLength` for a payload that has to keep its length.
 */
export function changePayload(
  kind: string | undefined,
  name: string,
  oldLength: number,
  bytes: Uint8Array,
  path: string,
): PayloadChange {
  if (bytes.length === oldLength) return { content: bytes, padded: false, mend: undefined };
  const rule = LENGTHS[`${kind ?? ""} ${name}`];
  if (!rule || bytes.length % rule.unit !== 0) throw editErrors.payloadLength(path);
  const zeros = (rule.align - (bytes.length % rule.align)) % rule.align;
  return {
    content: zeros === 0 ? bytes : Buffer.concat([bytes, new Uint8Array(zeros)]),
    padded: rule.align > 1,
    mend: { field: rule.field, value: BigInt(bytes.length / rule.unit) },
  };
}

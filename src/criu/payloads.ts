// What follows the entries of some images. Each rule walks a cursor over the bytes behind one entry's message; the
// fields are read by number, so that framing does not depend on the schema.
import { criuErrors } from "./errors.ts";
import type { MessageNode, Span } from "./model.ts";
import { RecordCursor } from "./records.ts";
import { numberField } from "./fields.ts";

/** Parts behind one entry, so that memory stays bounded: 2^17 records of 4 KiB are a ghost file of 512 MiB. */
const MAX_PARTS = 1 << 17;
/** Sealed ghost records hold at most a page of the machine that dumped (64 KiB at most). */
const MAX_GHOST_RECORD = 65536;

export interface PayloadWalk {
  readonly cursor: RecordCursor;
  readonly message: MessageNode;
  /** Decodes the message `span`, which the cursor has stepped over, and notes it as a payload called `name`. */
  decode(name: string, span: Span, messageName: string, from: number): Promise<MessageNode>;
}

export type PayloadRule = (walk: PayloadWalk) => Promise<void> | void;

/** Rules by the name in `ImageType.payload`. Field numbers are those of CRIU's `images/*.proto`. */
export const PAYLOAD_RULES: Readonly<Record<string, PayloadRule>> = {
  // pipe_data_entry.bytes (criu/pipes.c: dump_one_pipe_data)
  "pipe-data": ({ cursor, message }) => {
    cursor.payload("data", required(cursor, message, 2));
  },
  // sk_packet_entry.length (criu/sk-queue.c)
  "sk-packet": ({ cursor, message }) => {
    cursor.payload("data", required(cursor, message, 2));
  },
  "bpfmap-data": bpfmapData,
  // inq_len, then outq_len (criu/sk-tcp.c: dump_tcp_conn_state)
  "tcp-queues": ({ cursor, message }) => {
    cursor.payload("inq", required(cursor, message, 1));
    cursor.payload("outq", required(cursor, message, 3));
  },
  // Old dumps have the content here, rounded up to 4 bytes; with in_pagemaps it lies in pages (criu/ipc_ns.c)
  "ipc-shm": ({ cursor, message }) => {
    if (numberField(message, 3)) return;
    const size = required(cursor, message, 2);
    cursor.payload("data", roundUp(size, 4), size);
  },
  // nsems 16-bit values, padded to 8 bytes
  "ipc-semaphores": ({ cursor, message }) => {
    const size = required(cursor, message, 2) * 2;
    cursor.payload("data", roundUp(size, 8), size);
  },
  "ipc-messages": ipcMessages,
  ghost,
};

function required(cursor: RecordCursor, message: MessageNode, field: number): number {
  const value = numberField(message, field);
  if (value === undefined)
    throw criuErrors.unreadableEntry({ file: cursor.file, offset: message.span.start });
  return value;
}

function roundUp(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}

/** qnum × { u32 size, ipc_msg, content padded to 8 bytes } (`criu/ipc_ns.c: dump_ipc_msg_queue_messages`). */
async function ipcMessages({ cursor, message, decode }: PayloadWalk): Promise<void> {
  const count = required(cursor, message, 3);
  for (let index = 0; index < count; index++) {
    if (index >= MAX_PARTS) throw criuErrors.tooManyParts(MAX_PARTS, { file: cursor.file });
    const name = `message[${index}]`;
    const from = cursor.offset;
    const length = await cursor.lengthWord(4, `payload.${name}`, cursor.left);
    const header = await decode(name, cursor.record(length, `payload.${name}`), "ipc_msg", from);
    const size = required(cursor, header, 2);
    cursor.payload(`${name}.data`, roundUp(size, 8), size);
  }
}

/**
 * Sparse files: { u32 size, ghost_chunk_entry, len bytes } up to the end, the bytes never sealed. Others: everything
 * up to the end, in the sealed form as { tag, nonce, i64 n, n bytes } (`criu/files-reg.c`).
 */
async function ghost({ cursor, message, decode }: PayloadWalk): Promise<void> {
  const chunked = Boolean(numberField(message, 9));
  if (!chunked && !cursor.seal) {
    cursor.remainder("data");
    return;
  }
  for (let index = 0; cursor.left > 0; index++) {
    if (index >= MAX_PARTS) throw criuErrors.tooManyParts(MAX_PARTS, { file: cursor.file });
    const name = `chunk[${index}]`;
    if (!chunked) {
      const { start: tagAt } = cursor.glue("seal", 28, `payload.${name}`);
      const length = await cursor.lengthWord(8, `payload.${name}`, MAX_GHOST_RECORD);
      const span = cursor.headedRecord(length, tagAt);
      if (length > 0) cursor.payloads.push({ kind: "payload", name: `${name}.data`, span });
      continue;
    }
    const from = cursor.offset;
    const length = await cursor.lengthWord(4, `payload.${name}`, cursor.left);
    const header = await decode(name, cursor.record(length, `payload.${name}`), "ghost_chunk_entry", from);
    const span = cursor.step(required(cursor, header, 1));
    if (span.end > span.start) cursor.payloads.push({ kind: "payload", name: `${name}.data`, span });
  }
}

/**
 * keys_bytes of keys, then values_bytes of values (`criu/bpfmap.c`). Dumps of the sealing branch hold the whole table
 * instead, also its unused rows: max_entries × (key + value), a number that is in another image. There the length is
 * found by trying: of all multiples of a row only the right one opens (sealed) or ends the image (plain).
 */
async function bpfmapData({ cursor, message }: PayloadWalk): Promise<void> {
  const keys = required(cursor, message, 2);
  const values = required(cursor, message, 3);
  const rows = numberField(message, 4) ?? 0;
  let length = keys + values;
  const whole = cursor.left - (cursor.seal ? cursor.seal.tailLength : 0);
  const row = rows > 0 ? length / rows : 0;
  const mayBeWhole = Number.isInteger(row) && row > 0 && whole > length && whole % row === 0;
  if (mayBeWhole && !(await opens(cursor, length)) && (await opens(cursor, whole))) length = whole;
  cursor.payload("data", length);
}

/** Whether a payload of `length` bytes here can be right: it opens, or (plain) what follows could be an entry. */
async function opens(cursor: RecordCursor, length: number): Promise<boolean> {
  const { source, file, seal, offset, end, bigEndian } = cursor;
  const probe = new RecordCursor(source, file, seal, "", offset, end, bigEndian);
  try {
    const span = probe.record(length);
    if (cursor.seal) await probe.plaintext(span);
    else if (probe.left > 0) {
      const size = await probe.lengthWord(4, "", probe.left);
      return size > 0;
    }
    return true;
  } catch {
    return false;
  }
}

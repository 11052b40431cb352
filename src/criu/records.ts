// One record after the other, plain or sealed: the layout of CRIUsec's records is known here and nowhere else
// (`criu/tls.c` of CRIU PR 2297). The ciphers are the seal's.
import { readExactly, toCryoscopeError } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { criuErrors, criuProblems } from "./errors.ts";
import type { LabelledSpan, PayloadNode, Problem, Span, SpanKind } from "./model.ts";
import type { ImageSeal } from "./seal.ts";

const TAG = 16;
const NONCE = 12;
/** Largest message or payload that is read into memory at once. */
export const MAX_RECORD = 64 << 20;

/** A stretch of ciphertext with the places of its tag and nonce. */
export interface SealedRecord extends Span {
  readonly tagAt: number;
  readonly nonceAt: number;
}

/** Decrypts one record. Throws `bytes.truncated` and what the seal throws for a record that is not authentic. */
export async function openRecord(
  source: ByteSource,
  seal: ImageSeal,
  record: SealedRecord,
  file: string,
): Promise<Uint8Array> {
  const place = { file, offset: record.start };
  const { start, end, tagAt, nonceAt } = record;
  if (tagAt === end && nonceAt === end + TAG) {
    // As CRIU writes them: one read for the three.
    const sealed = await readExactly(source, start, nonceAt + NONCE - start, place);
    const size = end - start;
    return seal.openRecord(
      sealed.subarray(0, size),
      sealed.subarray(size, size + TAG),
      sealed.subarray(size + TAG),
      place,
    );
  }
  const [ciphertext, tag, nonce] = await Promise.all([
    readExactly(source, record.start, record.end - record.start, place),
    readExactly(source, record.tagAt, TAG, place),
    readExactly(source, record.nonceAt, NONCE, place),
  ]);
  return seal.openRecord(ciphertext, tag, nonce, place);
}

/**
 * Walks over what an entry is made of and notes each part. Its methods throw `criu.truncatedEntry` and
 * `criu.badLength` before they step past `end`; what was noted until then stays.
 */
export class RecordCursor {
  readonly payloads: PayloadNode[] = [];
  readonly framing: LabelledSpan[] = [];
  readonly seals: Span[] = [];
  readonly records: SealedRecord[] = [];
  readonly problems: Problem[] = [];

  constructor(
    readonly source: ByteSource,
    readonly file: string,
    readonly seal: ImageSeal | undefined,
    /** Path of what is walked over: `entries[3]`, or "" for a raw image. */
    readonly path: string,
    public offset: number,
    readonly end: number = source.size,
    /** Length words have the highest byte first. */
    readonly bigEndian = false,
  ) {}

  get left(): number {
    return this.end - this.offset;
  }

  /** Steps over a length word of 4 or 8 bytes and gives its value, at most `limit`. */
  async lengthWord(width: 4 | 8, name: string, limit: number): Promise<number> {
    this.require(width);
    const at = this.offset;
    const bytes = await readExactly(this.source, at, width, { file: this.file });
    const view = new DataView(bytes.buffer, bytes.byteOffset, width);
    const length =
      width === 4 ? view.getUint32(0, !this.bigEndian) : Number(view.getBigUint64(0, !this.bigEndian));
    if (length > limit) throw criuErrors.badLength(length, { file: this.file, offset: at });
    this.glue("size", width, name);
    return length;
  }

  /** Steps over bytes that belong to no payload. */
  glue(kind: SpanKind, length: number, name: string): Span {
    const span = this.step(length);
    if (length > 0) this.framing.push({ start: span.start, end: span.end, kind, path: this.pathOf(name) });
    return span;
  }

  /** Steps over plain bytes and gives their span. */
  step(length: number): Span {
    this.require(length);
    const span = { start: this.offset, end: this.offset + length };
    this.offset = span.end;
    return span;
  }

  /** Steps over a record of `length` bytes: as they are, or ciphertext with tag and nonce after it. */
  record(length: number, name = ""): Span {
    const sealed = this.seal !== undefined && length > 0;
    this.require(length + (sealed ? TAG + NONCE : 0));
    const span = this.step(length);
    if (sealed) {
      this.records.push({ ...span, tagAt: span.end, nonceAt: span.end + TAG });
      this.seals.push(this.glue("seal", TAG + NONCE, name));
    }
    return span;
  }

  /** Steps over ciphertext whose tag and nonce were before it. */
  headedRecord(length: number, tagAt: number): Span {
    const span = this.step(length);
    if (length > 0) this.records.push({ ...span, tagAt, nonceAt: tagAt + TAG });
    return span;
  }

  /** A payload of `used` bytes in a record of `length`; the rest of the record is padding. */
  payload(name: string, length: number, used = length): void {
    const start = this.offset;
    const { end } = this.record(length, payloadPath(name));
    if (used > 0) this.payloads.push({ kind: "payload", name, span: { start, end: start + used } });
    if (end > start + used) {
      const padding = {
        start: start + used,
        end,
        kind: "padding",
        path: this.pathOf(payloadPath(name)),
      } as const;
      // Before the seal that `record` noted.
      this.framing.splice(this.framing.findLastIndex((part) => part.start < padding.start) + 1, 0, padding);
    }
  }

  /** Everything up to the end as one plain payload. */
  remainder(name: string): void {
    if (this.left > 0)
      this.payloads.push({ kind: "payload", name, span: { start: this.offset, end: this.end } });
    this.offset = this.end;
  }

  /** The plaintext of a span that `record` gave. Throws what the seal throws. */
  async plaintext(span: Span): Promise<Uint8Array> {
    // From the end: mostly it is the record just stepped over.
    const record = this.records.findLast(({ start, end }) => start === span.start && end === span.end);
    if (this.seal && record) return openRecord(this.source, this.seal, record, this.file);
    return readExactly(this.source, span.start, span.end - span.start, { file: this.file });
  }

  /** `plaintext`, with a problem instead of an exception when the record can't be opened. */
  async tryPlaintext(span: Span): Promise<Uint8Array | undefined> {
    const place = { file: this.file, offset: span.start };
    if (span.end - span.start > MAX_RECORD) {
      this.problems.push(criuProblems.tooLarge(span.end - span.start, place));
      return undefined;
    }
    try {
      return await this.plaintext(span);
    } catch (cause) {
      const error = toCryoscopeError(cause);
      if (error.code.startsWith("bytes.")) throw error;
      this.problems.push(criuProblems.recordBroken(error.sentence, place));
      return undefined;
    }
  }

  pathOf(name: string): string {
    return [this.path, name].filter((part) => part !== "").join(".");
  }

  private require(length: number): void {
    if (length > this.left)
      throw criuErrors.truncated(length, this.left, { file: this.file, offset: this.offset });
  }
}

/** Path of a payload below its entry: `payload` for the only one, `payload.inq` for one of several. */
export function payloadPath(name: string): string {
  if (name === "unknown") return "";
  return name === "data" ? "payload" : `payload.${name}`;
}

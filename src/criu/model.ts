import type { ByteSource } from "../bytes/index.ts";
import type { FieldSchema, MessageSchema } from "./schema.ts";
import type { ImageSeal } from "./seal.ts";
import type { ShapeHint } from "./shapes.ts";

/** The bytes `[start, end)` of an image file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What the bytes of a span are. Together the spans of an image tile it from 0 to its size. */
export type SpanKind =
  | "magic" // the type's magic, and the common or service magic before it
  | "size" // an entry's u32 length, or a length inside a payload
  | "tag" // a field's number and wire type, and the length word of a length-delimited field; the end of a line
  | "value" // a field's value
  | "payload" // raw bytes after an entry, or a whole raw image
  | "padding" // bytes that only align
  | "seal" // tag and nonce of a sealed record
  | "unknown"; // bytes no rule accounts for

export interface LabelledSpan extends Span {
  readonly kind: SpanKind;
  /** `entries[0].tc.comm`, `magic`, `entries[3].payload`; "" for bytes that belong to nothing. */
  readonly path: string;
}

/** What could not be read, and where. A problem never hides the rest of the image. */
export interface Problem {
  /** Stable, like an error's: `criu.truncatedEntry`. */
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
  readonly file?: string;
  readonly offset?: number;
}

/** A row of the magic table: one kind of image. */
export interface ImageType {
  /** The name crit gives it: `CORE`, `PAGEMAP`. */
  readonly name: string;
  /** File name with `%u`, `%x` … for the id: `core-%u.img`. */
  readonly pattern: string;
  /** Type magic; 0 for raw images, which have no header. */
  readonly magic: number;
  /** Message of the entries; undefined for raw images. */
  readonly message?: string;
  /** Message of the first entry, where it differs (pagemap_head, ghost_file_entry). */
  readonly headMessage?: string;
  /** What follows an entry: a key of the payload table. */
  readonly payload?: string;
  /** `true` for kinds that CRIU reads but no longer writes. */
  readonly legacy?: boolean;
  /** One sentence: what it holds. */
  readonly doc: string;
}

/** A decoded value. 64-bit integers are bigint and never rounded; 32-bit ones, enums and floats are number. */
export type FieldValue = bigint | number | boolean | string | Uint8Array | MessageNode;

/** A message with the spans it was decoded from. */
export interface MessageNode {
  readonly kind: "message";
  /** undefined when the bytes are of a message the schema doesn't know. */
  readonly schema: MessageSchema | undefined;
  /** The message's own bytes, without the tag and length before them. */
  readonly span: Span;
  /** In the order of the file; a repeated field appears once per element. */
  readonly fields: readonly FieldNode[];
}

/** One occurrence of a field: for a packed repeated field, one node per element. */
export interface FieldNode {
  readonly kind: "field";
  /** Name in the schema, or `#17` for a number it doesn't know, or `undecoded`. */
  readonly name: string;
  /** 0 for bytes that are no field: the tail of a broken message (`isUndecoded`). */
  readonly number: number;
  /**
   * 0 varint, 1 fixed 64, 2 length-delimited, 3/4 group, 5 fixed 32; -1 in messages of raw images, which are no protobuf but
   * C structs, netlink attributes and lines of text: their fields can't be encoded as protobuf.
   */
  readonly wireType: number;
  /** undefined also where the bytes don't fit the field's type: the value is raw then. */
  readonly schema: FieldSchema | undefined;
  /** Which element of a repeated field, counted over the message; undefined when not repeated. */
  readonly index: number | undefined;
  /** Tag, length word and value. Elements of a packed field after the first have no tag of their own. */
  readonly span: Span;
  readonly valueSpan: Span;
  readonly value: FieldValue;
}

/** Raw bytes behind an entry (pipe contents, TCP queues, …) or the body of a raw image. */
export interface PayloadNode {
  readonly kind: "payload";
  /** `data`, `inq`, `chunk[2]`, `chunk[2].data`, `message[0]`; `unknown` for bytes no rule accounts for. */
  readonly name: string;
  readonly span: Span;
  /** Where the payload is itself a protobuf message (ghost_chunk_entry, ipc_msg). */
  readonly message?: MessageNode;
  /** What the bytes of a raw image are; `rawContent` gives them in one piece. Told by what they begin with. */
  readonly format?: "tar.gz" | "lz4";
}

/** One record of an image: size word, message, payloads. */
export interface EntryNode {
  readonly kind: "entry";
  readonly index: number;
  /** Size word through last payload. */
  readonly span: Span;
  readonly sizeSpan: Span;
  readonly message: MessageNode;
  readonly payloads: readonly PayloadNode[];
  /** Tags and nonces of sealed records, where the image is sealed. */
  readonly seals: readonly Span[];
  /** Bytes between the payloads that hold none of them: length words, padding, seals. In order. */
  readonly framing: readonly LabelledSpan[];
  readonly problems: readonly Problem[];
}

/** An image file, opened. Entries are found by one quick pass over the size words and decoded when asked for. */
export interface Image {
  readonly name: string;
  /**
   * Whether its magics and length words have the highest byte first, as those that CRIU writes on s390x. The messages are
   * the same everywhere.
   */
  readonly bigEndian?: boolean;
  /** undefined for a magic the table doesn't have: its entries are shown raw. */
  readonly type: ImageType | undefined;
  /** The bytes as they lie on disk. */
  readonly source: ByteSource;
  /** The same bytes with the ciphertext of sealed records replaced by plaintext, at the same offsets. `source` when not sealed. */
  readonly plain: ByteSource;
  readonly seal: ImageSeal | undefined;
  /** What its inventory said when it was opened. */
  readonly hint?: ShapeHint;
  /** The magics (none for raw images and for images that are too short). */
  readonly header: readonly LabelledSpan[];
  readonly entryCount: number;
  /** Decodes one entry. `index` in `[0, entryCount)`. Never throws for what the bytes say: see `problems`. */
  entry(index: number): Promise<EntryNode>;
  /** Entries `[from, to)` in order, all by default; quicker than one by one. */
  entries(from?: number, to?: number): AsyncGenerator<EntryNode>;
  /** The entry whose span holds `offset`, or undefined. O(log n). */
  entryAt(offset: number): number | undefined;
  /** Spans of entry `index` without decoding it. */
  entrySpan(index: number): Span;
  /**
   * The body of a raw image, or what comes after the last entry that could be framed: the latter is one node named
   * `unknown`. Empty when nothing.
   */
  readonly rest: readonly PayloadNode[];
  /** Like an entry's `framing`, for the bytes between the parts of `rest`. */
  readonly restFraming: readonly LabelledSpan[];
  /** Framing problems. Those inside an entry are in the entry. */
  readonly problems: readonly Problem[];
}

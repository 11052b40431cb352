// Opens image files: header, entries or raw body, and the plain bytes of sealed ones.
import { cachedSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { readEntryAt } from "./entries.ts";
import type { EntryContext } from "./entries.ts";
import { readEntriesInOrder } from "./entry-reader.ts";
import { indexEntries, noEntries, OffsetList, stepOverSizes } from "./entry-index.ts";
import type { EntryIndex } from "./entry-index.ts";
import { criuErrors, criuProblems } from "./errors.ts";
import { readHeader } from "./header.ts";
import type { Header } from "./header.ts";
import type { EntryNode, Image, LabelledSpan, PayloadNode, Problem, Span } from "./model.ts";
import { plainSource } from "./plain-source.ts";
import type { RawBody } from "./raw-body.ts";
import { layOutRaw } from "./raw/index.ts";
import { criuSchemas } from "./schema-index.ts";
import type { SchemaIndex } from "./schema-index.ts";
import { sealedForm } from "./sealed-form.ts";
import type { ImageSeal } from "./seal.ts";
import type { ShapeHint } from "./shapes.ts";

export interface OpenImageOptions {
  /** The seal of the image's layer, where it is sealed and the key is at hand. */
  readonly seal?: ImageSeal | undefined;
  /** The layer has a cipher.img but no key: say so instead of reporting broken entries. */
  readonly sealedHint?: boolean;
  /** Bytes of a page on the machine that was dumped; what the seal knows, else 4096, when not given. */
  readonly pageSize?: number;
  /** What the layer's inventory says, `hintOfInventory`: some images need it to be told what they are. */
  readonly hint?: ShapeHint | undefined;
  /** Another schema than CRIU's, for tests. */
  readonly schemas?: SchemaIndex;
}

/**
 * Opens an image. `name` is its file name (a path before it is ignored): raw images are known by it alone. One quick
 * pass finds the entries; raw images, pages above all, open without being read. Throws only what `source` throws.
 */
export async function openImage(
  name: string,
  source: ByteSource,
  options: OpenImageOptions = {},
): Promise<Image> {
  const header = await readHeader(name, source);
  const form = sealedForm(header.type, header.body);
  const seal = form === "clear" ? undefined : options.seal;
  const context: EntryContext = {
    source: cachedSource(source),
    file: name,
    type: header.type,
    seal,
    schemas: options.schemas ?? criuSchemas,
    hint: options.hint,
    bigEndian: header.bigEndian === true,
    sizeWidth: header.type?.payload === "long-entry" ? 8 : 4,
  };
  const locked = options.sealedHint === true && !options.seal && form !== "clear";
  const body = locked ? lockedBody(context, header) : await openBody(context, header);
  const { entries = noEntries, readEntry } = body;
  const spanOf = (index: number): Span => {
    if (!(index >= 0 && index < entries.count))
      throw criuErrors.noSuchEntry(index, entries.count, { file: name });
    return entries.span(index);
  };
  return {
    name,
    bigEndian: header.bigEndian === true,
    type: header.type,
    source,
    plain: seal
      ? plainSource(context, { ...body, form, pageSize: options.pageSize ?? seal.pageSize ?? 4096 })
      : source,
    seal,
    ...(options.hint && { hint: options.hint }),
    header: [...header.spans, ...(body.header ?? [])],
    entryCount: entries.count,
    async entry(index) {
      const span = spanOf(index);
      return readEntry ? readEntry(index, span) : readEntryAt(context, index, span);
    },
    entries(from = 0, to = entries.count) {
      const [first, end] = [Math.max(0, from), Math.min(to, entries.count)];
      return readEntry
        ? readRawEntries(readEntry, entries, first, end)
        : readEntriesInOrder(context, entries, first, end);
    },
    entryAt: (offset) => entries.at(offset),
    entrySpan: spanOf,
    rest: body.rest,
    restFraming: body.framing,
    problems: [...header.problems, ...body.problems],
  };
}

/** What lies behind the header. */
export interface Body {
  readonly entries: EntryIndex | undefined;
  readonly rest: readonly PayloadNode[];
  readonly framing: readonly LabelledSpan[];
  readonly records: RawBody["records"];
  readonly problems: readonly Problem[];
  /** Magic of a raw image. */
  readonly header?: readonly LabelledSpan[];
  /** Decodes an entry of a raw image; those of others are decoded as protobuf. */
  readonly readEntry?: ((index: number, span: Span) => Promise<EntryNode>) | undefined;
}

async function openBody(context: EntryContext, header: Header): Promise<Body> {
  const { source, file, seal } = context;
  if (header.body === "raw") return layOutRaw(context, header.end);
  if (header.body === "none") return unknownFrom(source, header.end, undefined, []);
  const entries = await indexEntries(context, header.end);
  const looksSealed = !seal && entries.problems.length > 0 && (await framesAsSealed(context, header.end));
  const problems = looksSealed ? [criuProblems.sealed({ file, offset: header.end })] : entries.problems;
  return unknownFrom(source, entries.end, entries, problems);
}

/** A sealed image without its key: nothing behind the header can be read. */
function lockedBody({ source, file }: EntryContext, header: Header): Body {
  const problems = source.size > header.end ? [criuProblems.sealed({ file, offset: header.end })] : [];
  return unknownFrom(source, header.end, undefined, problems);
}

function unknownFrom(
  source: ByteSource,
  start: number,
  entries: EntryIndex | undefined,
  problems: readonly Problem[],
): Body {
  const span = { start, end: source.size };
  const rest: PayloadNode[] = start < source.size ? [{ kind: "payload", name: "unknown", span }] : [];
  return { entries, rest, framing: [], records: [], problems };
}

async function* readRawEntries(
  readEntry: (index: number, span: Span) => Promise<EntryNode>,
  entries: EntryIndex,
  from: number,
  to: number,
): AsyncGenerator<EntryNode> {
  for (let index = from; index < to; index++) yield await readEntry(index, entries.span(index));
}

/** Whether the entries fit to the end of the image when each has a tag and a nonce behind it. */
async function framesAsSealed(context: EntryContext, start: number): Promise<boolean> {
  const starts = new OffsetList();
  const { problems } = await stepOverSizes(context, start, 28, starts);
  return problems.length === 0 && starts.length > 0;
}

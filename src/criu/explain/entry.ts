// The steps through an entry: its size word, its message, and what follows it.
import type { EntryNode, Image, LabelledSpan, PayloadNode, Span } from "../model.ts";
import { messageSteps } from "./field.ts";
import type { ExplanationStep, Words } from "./model.ts";
import { wordAt } from "./numbers.ts";
import { count, step, where, words } from "./words.ts";

const TAG = 16;
/** Of most machines; an image doesn't say. */
const PAGE = 4096;

/** Steps from the size word of `entry` to `range`, which lies in it. */
export async function entrySteps(image: Image, entry: EntryNode, range: Span): Promise<ExplanationStep[]> {
  const steps = [...skippedSteps(image, entry), await sizeStep(image, entry)];
  const { sizeSpan, message } = entry;
  if (range.end <= sizeSpan.end) return steps;
  if (range.start < sizeSpan.end)
    // All of the entry, or its beginning.
    return [...steps, ...(await messageSteps(image, message, entry.span))];
  const sealed = sealedStep(image, entry);
  if (sealed) steps.push(sealed);
  if (holds(message.span, range)) return [...steps, ...(await messageSteps(image, message, range))];
  return [...steps, ...(await partSteps(image, entry.payloads, entry.framing, range, { image, entry }))];
}

function skippedSteps(image: Image, { index, span }: EntryNode): ExplanationStep[] {
  if (index === 0) return [];
  const { start } = image.entrySpan(0);
  return [
    step("skip", {
      title: index === 1 ? "Entry before it" : "Entries before it",
      short: count(index, "entry").replace("entrys", "entries"),
      span: { start, end: span.start },
      text: [
        words`Entries lie back to back and there is no table of them. To find number ${index} a reader steps from size word to size word, from byte ${start} to byte ${span.start}.`,
      ],
    }),
  ];
}

async function sizeStep(image: Image, entry: EntryNode): Promise<ExplanationStep> {
  const { sizeSpan, message, span, index } = entry;
  const width = sizeSpan.end - sizeSpan.start;
  if (image.type?.magic === 0 && width !== 8) return rawRecordStep(entry);
  const { value, table } = wordAt(await image.source.read(sizeSpan.start, width), sizeSpan.start, image);
  const behind = span.end - message.span.end;
  return step("size", {
    title: `Size word of entry ${String(index)}`,
    short: count(Number(value), "byte"),
    span: sizeSpan,
    text: [
      words`Each entry begins with the size of its message as a number of ${width * 8} bits: ${value}.`,
      value === 0n
        ? words`An empty message: all its fields are absent, and the entry ends here.`
        : words`The message is ${[where(message.span)]}: ${messageName(entry)}`,
      behind > 0
        ? words`The size does not count the ${[count(behind, "byte")]} that follow the message and belong to the entry too.`
        : undefined,
      index + 1 < image.entryCount
        ? words`The next size word is at byte ${span.end}.`
        : words`It is the last entry; it ends at byte ${span.end}.`,
    ],
    tables: [table],
  });
}

/** A netlink message has its length in its first member, a line of text has none. */
function rawRecordStep({ sizeSpan, message, span, index }: EntryNode): ExplanationStep {
  const isText = sizeSpan.end === sizeSpan.start;
  return step("size", {
    title: `${isText ? "Line" : "Record"} ${String(index)}`,
    short: count(span.end - span.start, "byte"),
    span: isText ? { start: span.start, end: span.start } : sizeSpan,
    text: [
      isText
        ? words`Text has no size words: a record ends where its line ends, after ${[where(span)]}.`
        : words`The kernel's netlink messages begin with their own length as a number of ${32} bits, these four bytes included. This one is ${[where(span)]}.`,
      message.schema && [message.schema.doc],
    ],
  });
}

function messageName({ message: { schema } }: EntryNode): Words {
  return schema ? words`a ${schema.name}. ${[schema.doc]}` : ["one that the schema doesn't know."];
}

/** Layout P of CRIUsec: size, ciphertext, tag, nonce (criu/tls.c of CRIU PR 2297). */
function sealedStep(image: Image, { seals, message }: EntryNode): ExplanationStep | undefined {
  const seal = seals.find(({ start }) => start === message.span.end);
  if (!image.seal || !seal) return undefined;
  return step("seal", {
    title: "Sealed message",
    short: "ChaCha20-Poly1305",
    span: message.span,
    text: [
      words`The file holds ciphertext here; shown is what the key makes of it, at the same offsets. A sealed entry is its size in clear, that many bytes of ciphertext, a tag of ${16} bytes and a nonce of ${12}.`,
      words`Tag and nonce are ${[where(seal)]}. The size is that of the message, without them.`,
    ],
  });
}

/** Where a payload is from: what says its length. */
interface Owner {
  readonly image: Image;
  readonly entry?: EntryNode;
}

/** Steps through payloads and the bytes between them to `range`. */
export async function partSteps(
  image: Image,
  payloads: readonly PayloadNode[],
  framing: readonly LabelledSpan[],
  range: Span,
  owner: Owner,
): Promise<ExplanationStep[]> {
  const glue = framing.find((part) => holds(part, range));
  if (glue) return [await framingStep(image, glue, range)];
  const payload = payloads.find(({ span }) => holds(span, range));
  if (!payload) return [gapStep(range)];
  if (!payload.message) return [payloadStep(payload, range, owner)];
  return messageSteps(image, payload.message, range);
}

async function framingStep(image: Image, part: LabelledSpan, range: Span): Promise<ExplanationStep> {
  const { kind, start, end } = part;
  if (kind === "size") {
    const { value, table, order } = wordAt(await image.source.read(start, end - start), start, image);
    return step("size", {
      title: "Length word",
      short: count(Number(value), "byte"),
      span: { start, end },
      text: [
        words`A number of ${(end - start) * 8} bits, ${order}, that says how long the next piece is: ${value} bytes.`,
      ],
      tables: [table],
    });
  }
  if (kind === "padding")
    return step("padding", {
      title: "Padding",
      short: count(end - start, "byte"),
      span: { start, end },
      text: [
        words`Bytes without meaning: what is before them was rounded up, or they fill a fixed structure up to its end. They need not be zero.`,
      ],
    });
  if (kind === "seal") return sealStep(part, range);
  return gapStep(part);
}

/** Tag, nonce, or both when both are asked for. */
function sealStep({ start, end }: Span, range: Span): ExplanationStep {
  const border = Math.min(end, start + TAG);
  const [tag, nonce] = [
    { start, end: border },
    { start: border, end },
  ];
  if (holds(tag, range))
    return step("seal", {
      title: "Tag of a sealed record",
      short: count(TAG, "byte"),
      span: tag,
      text: [
        words`The authentication tag of ChaCha20-Poly1305. It fits only to this ciphertext under this key and nonce: when one bit differs, the record does not open.`,
        words`In entries and payloads the tag comes after the ciphertext, in ghost files and in the output of tar and iptables before it.`,
      ],
    });
  if (holds(nonce, range))
    return step("seal", {
      title: "Nonce of a sealed record",
      short: count(end - border, "byte"),
      span: nonce,
      text: [
        words`Twelve random bytes, drawn anew for each record, so that the same key never makes the same key stream twice.`,
      ],
    });
  return step("seal", {
    title: "Tag and nonce of a sealed record",
    short: count(end - start, "byte"),
    span: { start, end },
    text: [
      words`The first ${TAG} bytes are the tag that proves the record, the others the nonce it was sealed with.`,
    ],
  });
}

/** What says how long a payload is, by the payload's rule (src/criu/payloads.ts) and its name. */
const LENGTHS: Readonly<Record<string, Words>> = {
  "pipe-data": words`Its length is the field ${"bytes"} of the entry before it. These bytes were written into a pipe and not yet read.`,
  "sk-packet": words`Its length is the field ${"length"} of the entry before it. These bytes waited in a socket's queue.`,
  "bpfmap-data": words`Its length is ${"keys_bytes"} + ${"values_bytes"} of the entry before it: first all keys, then all values.`,
  "tcp-queues": words`What came in and was not yet read has ${"inq_len"} bytes, what went out and was not yet acknowledged ${"outq_len"}: both are fields of the entry.`,
  "ipc-shm": words`Its length is the field ${"size"} of the entry, rounded up to 4 bytes. Newer dumps keep the contents in pages instead.`,
  "ipc-semaphores": words`It has ${"nsems"} values of 16 bits, one for each semaphore of the set, rounded up to 8 bytes.`,
  "ipc-messages": words`Its length is ${"msize"} of the message header before it, rounded up to 8 bytes.`,
  ghost: words`The bytes of a file that had no name any more. Without ${"chunks"} they go to the end of the image; with it each piece has a ${"ghost_chunk_entry"} before it.`,
  pages: words`Pages of memory back to back, ${PAGE} bytes each on most machines, in the order of the pagemap's entries. Nothing here says which address a page has: the pagemap does.`,
  "long-data": words`A length of 64 bits stands before the data.`,
};

function payloadStep(
  { name, span, format }: PayloadNode,
  range: Span,
  { image, entry }: Owner,
): ExplanationStep {
  const rule = image.type?.payload ?? "";
  const isPages = !entry && rule === "pages";
  if (name === "unknown")
    return step("unknown", {
      title: "Bytes no rule accounts for",
      short: count(span.end - span.start, "byte"),
      span,
      text: unknownWords(image, span),
    });
  return step("payload", {
    title: entry ? `Payload of entry ${String(entry.index)}` : "Raw content",
    short: count(span.end - span.start, "byte"),
    span: isPages ? pageOf(span, range) : span,
    text: [
      entry
        ? words`Bytes that follow the message and are no protobuf: ${[count(span.end - span.start, "byte")]}.`
        : words`All of the file is content: ${[count(span.end - span.start, "byte")]}.`,
      LENGTHS[rule],
      format && words`They begin as ${format} does.`,
      isPages
        ? words`Byte ${range.start} is in page ${Math.floor(range.start / PAGE)} of the file, ${range.start % PAGE} bytes from its beginning.`
        : words`Byte ${range.start} is ${range.start - span.start} bytes from the beginning of the payload.`,
      image.seal && words`In the file they are ciphertext; shown is what the key makes of them.`,
    ],
  });
}

/** The page that a range begins in: pages are walked through one by one. */
function pageOf(span: Span, { start, end }: Span): Span {
  const first = Math.floor(start / PAGE) * PAGE;
  return { start: first, end: Math.min(span.end, Math.max(end, first + PAGE)) };
}

function unknownWords(image: Image, span: Span): (Words | undefined)[] {
  const problem = image.problems.find(
    ({ offset }) => offset !== undefined && offset >= span.start && offset < span.end,
  );
  return [
    words`From byte ${span.start} on a reader can't tell what the bytes are.`,
    problem && [problem.message],
  ];
}

function gapStep({ start, end }: Span): ExplanationStep {
  return step("unknown", {
    title: "Several things",
    short: count(end - start, "byte"),
    span: { start, end },
    text: [words`The bytes belong to more than one piece of the image. Fewer of them can be explained.`],
  });
}

export function holds(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

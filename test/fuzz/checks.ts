// What must hold for every file, however broken.
import assert from "node:assert/strict";
import { openNested } from "../../src/archive/index.ts";
import type { FileTree } from "../../src/archive/index.ts";
import { bufferSource, CryoscopeError } from "../../src/bytes/index.ts";
import {
  critJson,
  decodeAs,
  encodeImage,
  imageSpanBatches,
  openImage,
  partsOf,
  rawContent,
  showField,
  showList,
  showMessage,
  toPlain,
} from "../../src/criu/index.ts";
import type { EntryNode, Image, ImageSeal, MessageNode, Span } from "../../src/criu/index.ts";
import type { Random } from "./random.ts";

/** Entries looked at one by one; all are read in order. */
const LOOKED_AT = 6;
/** Characters of a line, some times the limit it is made for. */
const MAX_LINE = 4000;
/** JSON that is parsed again. */
const MAX_PARSED = 1 << 20;
/** JSON that is encoded again. */
const MAX_ENCODED = 1 << 17;
const NODES_EVERY = 3;
/** A short number may be ten bytes, and a 64-bit one is never longer. */
const MAX_GROWTH = 16;

/** Called while a file is looked at, so that memory can be measured. */
export type Pulse = () => void;

/** Opens an image and asks it for everything. Throws where something doesn't hold. */
export async function checkImage(
  name: string,
  bytes: Uint8Array,
  random: Random,
  { seal, pulse = () => undefined }: { readonly seal?: ImageSeal | undefined; readonly pulse?: Pulse } = {},
): Promise<void> {
  const image = await openImage(name, bufferSource(bytes), seal ? { seal } : {});
  pulse();
  await checkTiling(image, pulse);
  await checkEntries(image, random, pulse);
  for (const pretty of [false, true]) await checkJson(image, pretty, random, pulse);
  await checkPlain(image, bytes, random);
  pulse();
}

async function checkTiling(image: Image, pulse: Pulse): Promise<void> {
  let position = 0;
  for await (const batch of imageSpanBatches(image)) {
    for (const span of batch) {
      if (span.start !== position || span.end <= span.start)
        assert.fail(`gap, overlap or nothing at ${position}: ${JSON.stringify(span)}`);
      position = span.end;
    }
    pulse();
  }
  assert.equal(position, image.source.size, "spans end early");
}

async function checkEntries(image: Image, random: Random, pulse: Pulse): Promise<void> {
  let count = 0;
  let end = image.entryCount > 0 ? image.entrySpan(0).start : 0;
  for await (const entry of image.entries()) {
    assert.equal(entry.index, count);
    assert.deepEqual(entry.span, image.entrySpan(count), `entry ${count} is not where it was found`);
    assert.equal(entry.span.start, end, `entry ${count} leaves a gap`);
    checkMessage(entry.message, entry.span);
    toPlain(entry.message);
    checkMeaning(entry.message, random);
    if (entry.message.schema?.name === "core_entry") decodeAs("core_entry", entry.message);
    ({ end } = entry.span);
    count++;
    if (count % 64 === 0 || end - entry.span.start > 4096) pulse();
  }
  assert.equal(count, image.entryCount);
  for (let times = 0; times < Math.min(LOOKED_AT, count); times++) {
    const index = random.below(count);
    const entry: EntryNode = await image.entry(index);
    const { start, end } = entry.span;
    assert.deepEqual(entry.span, image.entrySpan(index));
    if (end > start) assert.equal(image.entryAt(start + random.below(end - start)), index);
  }
  await assert.rejects(image.entry(count), { code: "criu.noSuchEntry" });
}

/** Fields lie in their message, in order; only a sealed message's may have something between them. */
function checkMessage(message: MessageNode, around: Span): void {
  assert.ok(around.start <= message.span.start && message.span.end <= around.end, "message outside");
  let at = message.span.start;
  for (const { name, span, valueSpan, value } of message.fields) {
    assert.ok(span.start >= at && span.end >= span.start, `field ${name} before the one before it`);
    assert.ok(span.start <= valueSpan.start && valueSpan.end <= span.end, `value of ${name} outside`);
    if (typeof value === "object" && "kind" in value) checkMessage(value, valueSpan);
    at = span.end;
  }
  assert.ok(at <= message.span.end, "fields outside");
}

/** What people read of a message is a line of a bounded length; parts of a value lie in it. */
function checkMeaning(message: MessageNode, random: Random): void {
  assert.ok(showMessage(message).length <= MAX_LINE, "a long line");
  for (let times = 0; times < Math.min(LOOKED_AT, message.fields.length); times++) {
    const field = random.pick(message.fields);
    assert.ok(showField(field, undefined, message).length <= MAX_LINE, `a long line of ${field.name}`);
    partsOf(field);
    showList(
      message.fields.filter(({ number }) => number === field.number),
      undefined,
      message,
    );
    if (typeof field.value === "object" && "kind" in field.value) checkMeaning(field.value, random);
  }
}

async function checkJson(image: Image, pretty: boolean, random: Random, pulse: Pulse): Promise<void> {
  const parts: string[] = [];
  let length = 0;
  try {
    for await (const part of critJson(image, { pretty })) {
      length += part.length;
      if (length <= MAX_PARSED) parts.push(part);
      pulse();
    }
  } catch (error) {
    if (error instanceof CryoscopeError) return;
    throw error;
  }
  if (length > MAX_PARSED) return;
  const text = parts.join("");
  JSON.parse(text);
  // Most entries are printed straight from their bytes; now and then what they should have become is looked up.
  if (random.below(NODES_EVERY) === 0)
    assert.equal(text, await jsonByNodes(image, pretty), "JSON by way of nodes");
  pulse();
  if (length > MAX_ENCODED) return;
  checkEncoder(text);
  checkEncoder(damagedText(text, random));
  pulse();
}

async function jsonByNodes(image: Image, pretty: boolean): Promise<string> {
  const parts: string[] = [];
  for await (const part of critJson(image, { pretty, byNodes: true })) parts.push(part);
  return parts.join("");
}

/** An image comes out, or an error of the project. */
function checkEncoder(json: string): void {
  let size = 0;
  try {
    for (const bytes of encodeImage(json)) size += bytes.length;
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error;
  }
  assert.ok(size <= MAX_GROWTH * json.length + 64, `${size} bytes out of ${json.length} characters`);
}

/** JSON with a few places changed: other values, other words, brackets that don't fit. */
function damagedText(json: string, random: Random): string {
  let text = json;
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(text.length);
    text = text.slice(0, at) + random.pick(TOKENS) + text.slice(at + random.below(4));
  }
  return text;
}

const TOKENS = [
  ...[
    "",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "99999999999999999999999999",
    "0x",
    '"',
    "\\",
    "\\u0000",
    "null",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "true",
    '"extra": ',
    '"entries": [',
    '"__proto__": 1, ',
    "\ud800",
    "a | b",
    "::",
  ],
  ...["[".repeat(5000), '{"a":'.repeat(5000), "9".repeat(5000)],
];

async function checkPlain(image: Image, bytes: Uint8Array, random: Random): Promise<void> {
  const whole = await image.plain.read(0, image.plain.size);
  assert.equal(whole.length, bytes.length, "plain and raw are not of one size");
  if (!image.seal) assert.equal(Buffer.compare(whole, bytes), 0, "plain differs without a seal");
  for (let times = 0; times < 3; times++) {
    const from = random.below(bytes.length + 2);
    const to = from + random.below(5000);
    const part = await image.plain.read(from, to - from);
    assert.equal(Buffer.compare(part, whole.subarray(from, to)), 0, `plain differs in [${from}, ${to})`);
  }
  const content = rawContent(image);
  if (content) assert.equal((await content.read(0, content.size)).length, content.size);
}

/** Opens an archive and everything in it. Errors of the project are an answer too. */
export async function checkArchive(name: string, bytes: Uint8Array): Promise<void> {
  let tree: FileTree;
  try {
    tree = await openNested(bufferSource(bytes), name, { maxInflated: 1 << 24 });
  } catch (error) {
    if (error instanceof CryoscopeError) return;
    throw error;
  }
  try {
    const folders = [""];
    for (let looked = 0; looked < 500; looked++) {
      const folder = folders.pop();
      if (folder === undefined) break;
      for (const { path, kind, size } of await tree.list(folder)) {
        assert.ok(!path.startsWith("/") && !path.split("/").includes(".."), `name leaves the tree: ${path}`);
        if (kind === "folder") folders.push(path);
        else if (kind === "link") await tree.readLink(path);
        else if (kind === "file") {
          const source = await tree.open(path);
          assert.equal(source.size, size);
          assert.equal((await source.read(0, 1000)).length, Math.min(1000, size), `${path} is short`);
          const last = await source.read(Math.max(0, size - 10), 10);
          assert.equal(last.length, Math.min(10, size), `${path} has no end`);
        }
      }
    }
    assert.ok(tree.problems.length <= 1001);
  } finally {
    await tree.close();
  }
}

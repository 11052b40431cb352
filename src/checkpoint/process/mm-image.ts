import { criuSchemas, decodeAs, decodeMessage } from "../../criu/index.ts";
import type { Image, MessageMap } from "../../criu/index.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import { pacer } from "../pace.ts";
import { orReport } from "../problems.ts";
import type { Report } from "../problems.ts";
import { readVma } from "./vma-reader.ts";
import { readVarint } from "./varint.ts";
import { imageMissing, readRecords, withImage } from "../records.ts";

export type Vma = MessageMap["vma_entry"];

/** The mm image of a process. Its VMAs, which may be 100,000, are decoded when they are asked for. */
export interface MmImage extends Omit<MessageMap["mm_entry"], "vmas"> {
  readonly vmas: (report: Report) => Promise<readonly Vma[]>;
}

/** `mm_entry.vmas`. */
const VMAS = 14;
/** A million VMAs; Linux allows 65,530 by default. */
const MAX_MM = 64 * 1024 * 1024;
const MAX_VMAS = 1_000_000;

/** Reads mm-PID.img; one that is absent is reported: every living process has one. */
export async function readMm(layer: Layer, pid: number, report: Report): Promise<MmImage | undefined> {
  const file = `mm-${pid}.img`;
  const path = pathInLayer(layer, file);
  if (layer.files.get(file)?.kind !== "file") {
    report(imageMissing(path));
    return undefined;
  }
  return orReport(report, path, undefined, async () => {
    const bytes = await withImage(layer.tree, path, layer.seal, plainEntry);
    const old = (later: Report): Promise<readonly Vma[]> =>
      readRecords(layer, `vmas-${pid}.img`, "vma_entry", later, MAX_VMAS);
    if (bytes === undefined) {
      const [entry] = await readRecords(layer, file, "mm_entry", report, 1);
      return entry && { ...entry, vmas: () => Promise.resolve(entry.vmas) };
    }
    const tell: Report = (problem) => {
      report({ ...problem, file: path });
    };
    const { rest, vmas } = await split(bytes);
    const decoded = decodeMessage(rest, criuSchemas.message("mm_entry"), {
      schemas: criuSchemas,
      at: ENTRY,
      file: path,
    });
    decoded.problems.forEach(tell);
    const mm = decodeAs("mm_entry", decoded.message, tell, path);
    return {
      ...mm,
      vmas: (later: Report) => (vmas.length === 0 ? old(later) : decodeVmas(bytes, vmas, path, later)),
    };
  });
}

/** Behind the two magics and the entry's length. */
const ENTRY = 12;

/** The bytes of the only entry, when they can be taken apart here; the decoder has words for all else. */
async function plainEntry(image: Image): Promise<Uint8Array | undefined> {
  if (image.seal || image.type?.message !== "mm_entry" || image.problems.length > 0) return undefined;
  if (image.entryCount !== 1) return undefined;
  const { start, end } = image.entrySpan(0);
  if (start !== ENTRY - SIZE_WORD || end - start > MAX_MM) return undefined;
  return image.plain.read(ENTRY, end - ENTRY);
}

/** Length of an entry. */
const SIZE_WORD = 4;

async function decodeVmas(
  bytes: Uint8Array,
  ranges: readonly Range[],
  file: string,
  report: Report,
): Promise<readonly Vma[]> {
  const schema = criuSchemas.message("vma_entry");
  const pause = pacer();
  const vmas: Vma[] = [];
  for (const [start, end] of ranges.slice(0, MAX_VMAS)) {
    await pause();
    const vma = readVma(bytes, start, end);
    if (vma) {
      vmas.push(vma);
      continue;
    }
    const context = { schemas: criuSchemas, at: ENTRY + start, file };
    const { message, problems } = decodeMessage(bytes.subarray(start, end), schema, context);
    problems.forEach(report);
    vmas.push(decodeAs("vma_entry", message, report, file));
  }
  return vmas;
}

type Range = readonly [start: number, end: number];

/** Tags after which others may get their turn. */
const TAGS_A_TURN = 4096;

/** Takes the VMAs out of a message: the bytes of all other fields, and where each VMA lies. */
async function split(
  bytes: Uint8Array,
): Promise<{ readonly rest: Uint8Array; readonly vmas: readonly Range[] }> {
  const pause = pacer();
  const vmas: Range[] = [];
  const others: Uint8Array[] = [];
  let at = 0;
  let kept = 0;
  for (let tags = 1; at < bytes.length; tags++) {
    if (tags % TAGS_A_TURN === 0) await pause();
    const tag = readVarint(bytes, at);
    const value = tag && skip(bytes, tag.value, tag.end);
    // What is no field stays in the rest, for the decoder to report.
    if (tag === undefined || value === undefined) break;
    if (tag.value === VMAS * 8 + 2) {
      vmas.push([value.start, value.end]);
      if (at > kept) others.push(bytes.subarray(kept, at));
      kept = value.end;
    }
    at = value.end;
  }
  others.push(bytes.subarray(kept));
  return { rest: Buffer.concat(others), vmas };
}

/** The value behind a tag, by its wire type; undefined where it runs over the end. */
function skip(bytes: Uint8Array, tag: number, at: number): { start: number; end: number } | undefined {
  const within = (start: number, end: number) => (end <= bytes.length ? { start, end } : undefined);
  switch (tag & 7) {
    case 0: {
      const number = readVarint(bytes, at);
      return number && { start: at, end: number.end };
    }
    case 1:
      return within(at, at + 8);
    case 2: {
      const length = readVarint(bytes, at);
      return length && within(length.end, length.end + length.value);
    }
    case 5:
      return within(at, at + 4);
    default:
      return undefined;
  }
}

// Images without entries: their body is one payload, or in a sealed checkpoint a row of records.
import { CryoscopeError } from "../bytes/index.ts";
import { criuErrors, criuProblems } from "./errors.ts";
import type { ImageType, LabelledSpan, PayloadNode, Problem } from "./model.ts";
import type { RecordCursor } from "./records.ts";
import type { SealedRecord } from "./records.ts";

/** Parts of one body, so that memory stays bounded. */
const MAX_PARTS = 1 << 18;
/** `struct` that CRIU writes the output of tar and iptables-save in: tag, nonce, padding, i64 length, 4096 bytes. */
const OUTPUT_DATA = 4096;

export interface RawBody {
  readonly rest: readonly PayloadNode[];
  readonly framing: readonly LabelledSpan[];
  /** Sealed records in order; pages have none, they are opened page by page. */
  readonly records: readonly SealedRecord[];
  readonly problems: readonly Problem[];
}

/** Lays out the body of a raw image from the cursor on. Never throws for what the bytes say. */
export async function layOutRawBody(type: ImageType | undefined, cursor: RecordCursor): Promise<RawBody> {
  const problems: Problem[] = [];
  try {
    await walk(type?.payload, cursor);
  } catch (error) {
    if (!(error instanceof CryoscopeError) || !/^(criu|seal)\./.test(error.code)) throw error;
    problems.push(criuProblems.from(error, { file: cursor.file, offset: cursor.offset }));
    cursor.remainder("unknown");
  }
  return { rest: cursor.payloads, framing: cursor.framing, records: cursor.records, problems };
}

async function walk(payload: string | undefined, cursor: RecordCursor): Promise<void> {
  // plugins/amdgpu: the length stands before the data for the sake of streaming.
  if (payload === "long-data") cursor.payload("data", await cursor.lengthWord(8, "payload", cursor.end));
  else if (cursor.seal && (payload === "text-output" || payload === "targz-output"))
    await outputRecords(cursor);
  else cursor.remainder("data");
  if (cursor.left > 0) cursor.remainder("unknown");
}

async function outputRecords(cursor: RecordCursor): Promise<void> {
  for (let index = 0; cursor.left > 0; index++) {
    if (index >= MAX_PARTS) throw criuErrors.tooManyParts(MAX_PARTS, { file: cursor.file });
    const path = `payload.block[${index}]`;
    const { start: tagAt } = cursor.glue("seal", 28, path);
    cursor.glue("padding", 4, path);
    const length = await cursor.lengthWord(8, path, OUTPUT_DATA);
    const span = cursor.headedRecord(length, tagAt);
    if (length > 0) cursor.payloads.push({ kind: "payload", name: `block[${index}]`, span });
    // What the writer's stack happened to hold.
    cursor.glue("padding", OUTPUT_DATA - length, path);
  }
}

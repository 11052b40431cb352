// What crit prints of the bytes behind entries: the `extra` key (`lib/pycriu/images/images.py`, the *_handler classes).
import { readExactly } from "../../bytes/index.ts";
import type { EntryNode, Image, MessageNode, PayloadNode } from "../model.ts";
import { lazyBase64 } from "./base64.ts";
import type { CritObject, CritValue } from "./json.ts";
import { critMessage, critMessageToWrite } from "./message.ts";

/** The rows that crit makes of one entry: the entry itself, and for a sparse file one more each chunk. */
type Rows = readonly CritObject[];
type ExtraRule = (image: Image, entry: EntryNode, row: CritObject, pretty: boolean) => Promise<Rows> | Rows;

/** Rules by the name in `ImageType.payload`. */
const EXTRA_RULES: Readonly<Record<string, ExtraRule>> = {
  "pipe-data": allData,
  "sk-packet": allData,
  "bpfmap-data": allData,
  "tcp-queues": (image, entry, row) => [
    { ...row, extra: { inq: named(image, entry, "inq"), outq: named(image, entry, "outq") } },
  ],
  // crit reads `size` bytes also where in_pagemaps says that there are none, and so eats the entries that follow.
  "ipc-shm": (image, entry, row) => (row["in_pagemaps"] === true ? [row] : allData(image, entry, row)),
  "ipc-semaphores": async (image, entry, row) => [{ ...row, extra: await semaphores(image, entry) }],
  "ipc-messages": (image, entry, row) => [{ ...row, extra: ipcMessages(image, entry) }],
  ghost: (image, entry, row, pretty) =>
    row["chunks"] === true
      ? [row, ...ghostChunks(image, entry, pretty)]
      : [{ ...row, extra: lazyBase64(image.plain, dataSpans(entry)) }],
};

/** An entry as crit prints it: mostly one row, more for a sparse ghost file. */
export async function critRows(image: Image, entry: EntryNode, pretty: boolean): Promise<Rows> {
  const row = critMessageToWrite(entry.message, pretty);
  const rule = EXTRA_RULES[image.type?.payload ?? ""];
  return rule ? rule(image, entry, row, pretty) : [row];
}

function allData(image: Image, entry: EntryNode, row: CritObject): Rows {
  return [{ ...row, extra: named(image, entry, "data") }];
}

function named(image: Image, entry: EntryNode, name: string): CritValue {
  return lazyBase64(image.plain, spansNamed(entry, name));
}

/** Contents that the sealed form cuts into records are one piece again. */
function dataSpans({ payloads }: EntryNode): PayloadNode["span"][] {
  return payloads.filter(({ name, message }) => !message && name !== "unknown").map(({ span }) => span);
}

function spansNamed({ payloads }: EntryNode, name: string): PayloadNode["span"][] {
  return payloads.filter((payload) => payload.name === name).map(({ span }) => span);
}

/** The values themselves, 16 bits each. */
async function semaphores(image: Image, entry: EntryNode): Promise<CritValue> {
  const [span] = spansNamed(entry, "data");
  if (!span) return [];
  const bytes = await readExactly(image.plain, span.start, span.end - span.start, { file: image.name });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 1 }, (_, index) =>
    view.getUint16(index * 2, image.bigEndian !== true),
  );
}

/** Header and contents in turn; crit prints these headers plainly, whatever was asked for. */
function ipcMessages(image: Image, entry: EntryNode): CritValue {
  return headed(entry).flatMap(({ name, message }) => [
    critMessage(message, false),
    named(image, entry, `${name}.data`),
  ]);
}

function ghostChunks(image: Image, entry: EntryNode, pretty: boolean): Rows {
  return headed(entry).map(({ name, message }) => ({
    ...critMessage(message, pretty),
    extra: named(image, entry, `${name}.data`),
  }));
}

type HeadedPayload = PayloadNode & { readonly message: MessageNode };

function headed({ payloads }: EntryNode): HeadedPayload[] {
  return payloads.filter((payload): payload is HeadedPayload => payload.message !== undefined);
}

import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { Span } from "../model.ts";
import type { LazyText } from "./json.ts";

/** Bytes a line of base64 holds. */
const LINE = 57;
/** A whole number of lines, about 256 KiB. */
const CHUNK = LINE * 4600;

/** Base64 as Python's `base64.encodebytes` writes it: lines of 76 characters, each ended by a line feed. */
export function base64Lines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE)
    lines.push(
      Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(LINE, bytes.length - at)).toString("base64"),
    );
  return lines.map((line) => `${line}\n`).join("");
}

/** The bytes of spans that follow one another, as `base64Lines`; not more than a chunk is held at once. */
export function lazyBase64(source: ByteSource, spans: readonly Span[]): LazyText {
  async function* chunks(): AsyncGenerator<string> {
    let rest = new Uint8Array(0);
    for (const { start, end } of spans)
      for await (const bytes of readChunks(source, { start, end, chunk: CHUNK })) {
        const joined = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
        const whole = joined.length - (joined.length % LINE);
        yield base64Lines(joined.subarray(0, whole));
        rest = joined.slice(whole);
      }
    yield base64Lines(rest);
  }
  return { kind: "lazy", chunks };
}

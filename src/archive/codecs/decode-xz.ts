import * as xz from "xz-decompress";
import { archiveErrors } from "../errors.ts";
import type { Packet, TakePacket } from "./codec.ts";

// A CommonJS module whose names bundlers see, and Node only as the members of a default export that the types don't know.
const { XzReadableStream } = "default" in xz ? (xz.default as typeof xz) : xz;

/** What the decoder's numbers mean (XZ Embedded, linux/include/linux/xz.h: enum xz_ret). */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  2: "an integrity check of a rare kind",
  3: "more memory than there is",
  4: "more memory than may be used",
  6: "rare options, filters or an integrity check other than CRC",
};
const BROKEN: Readonly<Record<string, string>> = {
  5: "it is no xz stream",
  7: "the data is broken",
  8: "the data ends early or is broken",
};

/** One decoder for each stream of the file. */
export async function* decodeXz(take: TakePacket): AsyncGenerator<Uint8Array> {
  let next = take();
  while (next !== undefined) {
    let packet: Packet | undefined = next;
    const input = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (packet === undefined) {
          controller.close();
          return;
        }
        controller.enqueue(packet.bytes);
        next = take();
        packet = next?.starts === false ? next : undefined;
      },
    });
    const output = new XzReadableStream(input).getReader();
    try {
      for (;;) {
        const { value, done } = await output.read();
        if (done) break;
        if (value !== undefined && value.length > 0) yield value;
      }
    } catch (error) {
      throw translated(error);
    }
    // What the decoder didn't want of its own stream.
    while (next?.starts === false) next = take();
  }
}

function translated(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const [, code = ""] = /error code (\d+)/.exec(message) ?? [];
  const unsupported = UNSUPPORTED[code];
  if (unsupported !== undefined) return archiveErrors.codecUnsupported(unsupported, error);
  return archiveErrors.codecBroken(BROKEN[code] ?? message, error);
}

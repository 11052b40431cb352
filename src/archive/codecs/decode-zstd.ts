import { ZSTDDecoder } from "zstddec/stream";
import { archiveErrors } from "../errors.ts";
import type { Packet, TakePacket } from "./codec.ts";

/** Each packet is a block of a frame. */
export async function* decodeZstd(take: TakePacket): AsyncGenerator<Uint8Array> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let next = take();
  // Of damaged data the decoder makes nothing, again and again, without asking for more.
  let idle = 0;
  function* frame(): Generator<Uint8Array> {
    let packet: Packet | undefined = next;
    do {
      if (packet === undefined) return;
      idle = 0;
      yield packet.bytes;
      next = take();
      packet = next;
    } while (packet?.starts === false);
  }
  while (next !== undefined)
    for (const bytes of decoder.decodeStreaming(frame())) {
      if (bytes.length > 0) yield bytes;
      else if (++idle > 2) throw archiveErrors.codecBroken("a block makes no sense");
    }
}

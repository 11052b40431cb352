import { Readable } from "node:stream";
import type { CryoscopeError } from "../bytes/index.ts";

/**
 * What a stream of node:zlib makes of `input`. Errors of the decoder go through `damaged`. When the input fails, what
 * it gave until then still comes out, and then its error as it is.
 */
export async function* throughDecoder(
  input: AsyncIterable<Uint8Array>,
  decoder: NodeJS.ReadWriteStream,
  damaged: (cause: unknown) => CryoscopeError,
): AsyncGenerator<Uint8Array> {
  let failure: { readonly error: unknown } | undefined;
  async function* untilFailure(): AsyncGenerator<Uint8Array> {
    try {
      yield* input;
    } catch (error) {
      failure = { error };
    }
  }
  const reader = Readable.from(untilFailure(), { objectMode: false });
  try {
    // Decoders without an encoding give bytes, and new ones each time.
    for await (const bytes of reader.pipe(decoder)) yield bytes as Buffer;
  } catch (error) {
    failure ??= { error: damaged(error) };
  } finally {
    reader.destroy();
  }
  if (failure !== undefined) throw failure.error;
}

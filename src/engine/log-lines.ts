// A container's output as lines, from the log calls that Docker has and Podman understands.
import type { EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { toUnreachable } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** Longer lines are cut there: what is looked for is a message, not a dump. */
const MAX_LINE = 64 * 1024;
/** Docker puts this before each piece of output of a container without a terminal: stream, 0, 0, 0, length. */
const HEADER = 8;

/** Follows both outputs from now on, until the container ends or the signal says so. Throws `engine.noSuchContainer`. */
export async function* followLines(
  transport: Transport,
  container: string,
  tty: boolean,
  { signal }: EngineWork,
): AsyncGenerator<string> {
  const answer = await transport.send({
    method: "GET",
    path: `/containers/${encodeURIComponent(container)}/logs`,
    query: { follow: true, stdout: true, stderr: true, tail: 0 },
    signal,
    timeout: Infinity,
  });
  if (answer.status !== 200) {
    answer.body.destroy();
    throw engineErrors.noSuchContainer(container);
  }
  const end = (): void => {
    answer.body.destroy();
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    // Without an encoding a message gives Buffers.
    yield* toLines(tty ? (answer.body as AsyncIterable<Buffer>) : withoutHeaders(answer.body));
  } catch (error) {
    if (signal?.aborted) return;
    throw toUnreachable(transport.endpoint, error);
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

/** The pieces of output without what Docker puts before each. */
async function* withoutHeaders(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left === 0) {
        const more = rest.subarray(0, HEADER - header.length);
        header = Buffer.concat([header, more]);
        rest = rest.subarray(more.length);
        if (header.length < HEADER) break;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const piece = rest.subarray(0, left);
      left -= piece.length;
      rest = rest.subarray(piece.length);
      yield piece;
    }
  }
}

/** Text in lines without their ends; what has no end yet waits, up to 64 KiB of it. */
async function* toLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = "";
  for await (const piece of pieces) {
    line += decoder.decode(piece, { stream: true });
    for (let at = line.indexOf("\n"); at >= 0; at = line.indexOf("\n")) {
      yield line.slice(0, Math.min(at, MAX_LINE)).replace(/\r$/, "");
      line = line.slice(at + 1);
    }
    if (line.length > MAX_LINE) line = line.slice(0, MAX_LINE);
  }
  if (line !== "") yield line;
}

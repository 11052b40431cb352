import { join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { archiveErrors } from "../errors.ts";
import type { CodecName, Packet } from "./codec.ts";
import { AHEAD, type FromWorker, type ToWorker, type WorkerData } from "./messages.ts";

/** Path of the worker's bundle from the file that this code is bundled into; scripts/build.ts sets it. */
declare const CODEC_WORKER: string | undefined;

function workerFile(): string | URL {
  return typeof CODEC_WORKER === "string"
    ? join(__dirname, CODEC_WORKER)
    : new URL("./worker-source.mjs", import.meta.url);
}

/**
 * Decodes packets in a worker thread of its own. Both sides run a bounded number of pieces ahead. What the decoder says of
 * the data goes through `damaged`; errors of `packets` come as they are, after what was decoded until then. Who stops early
 * ends the worker. Throws `archive.unsupported`, and `archive.decoderFailed`
 * when the worker itself fails.
 */
export async function* decodeInWorker(
  codec: CodecName,
  packets: AsyncIterator<Packet>,
  file: string,
  damaged: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array> {
  const { port1: port, port2 } = new MessageChannel();
  const bell = new SharedArrayBuffer(4);
  const rings = new Int32Array(bell);
  const workerData: WorkerData = { codec, port: port2, bell };
  const worker = new Worker(workerFile(), { workerData, transferList: [port2], name: `cryoscope ${codec}` });

  const send = (message: ToWorker): void => {
    port.postMessage(message);
    Atomics.add(rings, 0, 1);
    Atomics.notify(rings, 0);
  };

  const arrived: Uint8Array[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let inputFailure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  let ahead = 0;
  let isPumping = false;
  let inputEnded = false;

  const end = (error?: unknown): void => {
    if (error !== undefined && !ended) failure = { error };
    ended = true;
    wake();
  };

  /** Keeps the worker in packets. */
  async function pump(): Promise<void> {
    if (isPumping) return;
    isPumping = true;
    while (!ended && !inputEnded && ahead < AHEAD) {
      const next = await packets.next().catch((error: unknown) => {
        inputFailure = { error };
        return { done: true, value: undefined } as const;
      });
      if (next.done === true) {
        inputEnded = true;
        send({ is: "end" });
      } else {
        ahead++;
        send({ is: "packet", packet: next.value });
      }
    }
    isPumping = false;
  }

  port.on("message", (message: FromWorker) => {
    if (message.is === "took") {
      ahead--;
      void pump();
    } else if (message.is === "bytes") {
      arrived.push(message.bytes);
      wake();
    } else if (message.is === "done") end();
    else if (message.unsupported) end(archiveErrors.packedRarely(file, codec, message.why));
    else end(damaged(message.why));
  });
  worker.on("error", (error) => {
    end(archiveErrors.decoderFailed(codec, error));
  });
  worker.on("exit", () => {
    end(archiveErrors.decoderFailed(codec, "it ended early"));
  });

  try {
    void pump();
    for (;;) {
      const bytes = arrived.shift();
      if (bytes !== undefined) {
        send({ is: "taken" });
        yield bytes;
        continue;
      }
      if (ended) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    // That its input broke off is why the decoder complained.
    const final = inputFailure ?? failure;
    if (final !== undefined) throw final.error;
  } finally {
    ended = true;
    port.close();
    worker.removeAllListeners();
    await worker.terminate();
  }
}

// Runs in a worker thread: decoders in JavaScript and WebAssembly would hold up the thread of the editor. It waits for its
// input without a turn of an event loop, so that decoders can ask for bytes as from a file.
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { CryoscopeError } from "../../bytes/index.ts";
import type { CodecName, Decode, Packet } from "./codec.ts";
import { decodeBzip2 } from "./decode-bzip2.ts";
import { decodeXz } from "./decode-xz.ts";
import { decodeZstd } from "./decode-zstd.ts";
import { AHEAD, type FromWorker, type ToWorker, type WorkerData } from "./messages.ts";

const CODECS: Readonly<Record<CodecName, Decode>> = {
  zstd: decodeZstd,
  xz: decodeXz,
  bzip2: decodeBzip2,
};

// Only `startDecoder` starts this file, and gives it this.
const { codec, port, bell } = workerData as WorkerData;
const DAY = 86_400_000;
const rings = new Int32Array(bell);
const packets: (Packet | undefined)[] = [];
/** Pieces that may still be handed over before one was taken. */
let credit = AHEAD;

function receive(): void {
  for (;;) {
    const seen = Atomics.load(rings, 0);
    // The other side sends nothing else.
    const got = receiveMessageOnPort(port) as { readonly message: ToWorker } | undefined;
    if (got === undefined) {
      Atomics.wait(rings, 0, seen);
      continue;
    }
    const { message } = got;
    if (message.is === "taken") credit++;
    else packets.push(message.is === "packet" ? message.packet : undefined);
    return;
  }
}

function take(): Packet | undefined {
  while (packets.length === 0) receive();
  // The end stays, for who asks again.
  if (packets[0] === undefined) return undefined;
  send({ is: "took" });
  return packets.shift();
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function run(): Promise<void> {
  // seek-bzip makes its buffers in a way that Node warns of.
  process.noDeprecation = true;
  try {
    for await (const bytes of CODECS[codec](take)) {
      while (credit === 0) receive();
      credit--;
      const { buffer } = bytes;
      send({ is: "bytes", bytes }, buffer instanceof ArrayBuffer ? [buffer] : []);
    }
    send({ is: "done" });
  } catch (error) {
    const unsupported = error instanceof CryoscopeError && error.code === "archive.codecUnsupported";
    send({ is: "failed", why: error instanceof Error ? error.message : String(error), unsupported });
  }
}

// Stays until it is ended, so that nothing that was sent is lost, and an exit always means a failure.
setInterval(() => undefined, DAY);
void run();

import type { MessagePort } from "node:worker_threads";
import type { CodecName, Packet } from "./codec.ts";

/** Packets on the way in, and pieces on the way out, that one side may be ahead of the other. */
export const AHEAD = 64;

export interface WorkerData {
  readonly codec: CodecName;
  readonly port: MessagePort;
  /** Changed and notified after each message, for a worker that waits without an event loop. */
  readonly bell: SharedArrayBuffer;
}

export type ToWorker =
  { readonly is: "packet"; readonly packet: Packet } | { readonly is: "end" } | { readonly is: "taken" };

export type FromWorker =
  | { readonly is: "took" }
  | { readonly is: "bytes"; readonly bytes: Uint8Array }
  | { readonly is: "done" }
  | { readonly is: "failed"; readonly why: string; readonly unsupported: boolean };

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** `ArrayBuffer.prototype.transfer` of ES2024, which TypeScript's ES2023 doesn't know. */
type Transfer = (this: ArrayBufferLike, length: number) => ArrayBuffer;

let transfer: Transfer | undefined;
let isLookedFor = false;

/**
 * Gives back the memory of what the runtime has made for a result, at once. Else it waits for the collector, and each
 * result is in memory that no cache of the processor has: then the runtime's ciphers take twice as long. Does nothing where
 * the runtime can't, and for results that share their memory with others.
 */
export function giveBack({ buffer, byteLength, byteOffset }: Uint8Array): void {
  if (!isLookedFor) transfer = findTransfer();
  isLookedFor = true;
  if (byteOffset === 0 && byteLength === buffer.byteLength) transfer?.call(buffer, 0);
}

function findTransfer(): Transfer | undefined {
  const own = (ArrayBuffer.prototype as { transfer?: Transfer }).transfer;
  // Node 20's V8 has it behind a flag, for contexts that are made while it is set.
  if (own || !process.versions.v8.startsWith("11.3.")) return own;
  try {
    setFlagsFromString("--harmony-rab-gsab-transfer");
    return runInNewContext("ArrayBuffer.prototype.transfer") as Transfer | undefined;
  } catch {
    return undefined;
  } finally {
    setFlagsFromString("--no-harmony-rab-gsab-transfer");
  }
}

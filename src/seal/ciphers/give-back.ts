/** `ArrayBuffer.prototype.transfer` of ES2024, which TypeScript's ES2023 doesn't know. */
type Transfer = (this: ArrayBufferLike, length: number) => ArrayBuffer;

/** VS Code's Node has it; Node 20, which may run the command line, does not. */
const transfer = (ArrayBuffer.prototype as { transfer?: Transfer }).transfer;

/**
 * Gives back the memory of what the runtime has made for a result, at once. Else it waits for the collector, and each
 * result is in memory that no cache of the processor has: then the runtime's ciphers take twice as long. Does nothing where
 * the runtime can't, and for results that share their memory with others.
 */
export function giveBack({ buffer, byteLength, byteOffset }: Uint8Array): void {
  if (byteOffset === 0 && byteLength === buffer.byteLength) transfer?.call(buffer, 0);
}

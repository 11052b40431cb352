import type { DebugProtocol } from "@vscode/debugprotocol";
import { hex, parseReference, readPlace } from "../memory-reference.ts";
import type { RunningSession } from "../running.ts";

/** Bytes at a place, and how many of them can't be had. */
export async function readMemory(
  { target }: RunningSession,
  { memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments,
): Promise<NonNullable<DebugProtocol.ReadMemoryResponse["body"]>> {
  const { pid, address } = parseReference(memoryReference, target.firstPid);
  const at = address + BigInt(Math.trunc(offset));
  const { bytes, unreadable } = await readPlace(await target.space(pid), at, count);
  return {
    address: hex(at < 0n ? 0n : at),
    ...(bytes.length > 0 && { data: Buffer.from(bytes).toString("base64") }),
    ...(unreadable > 0 && { unreadableBytes: unreadable }),
  };
}

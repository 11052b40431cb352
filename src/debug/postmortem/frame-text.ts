import { readPlace } from "./memory-reference.ts";
import { frameName, frameRows } from "./scopes/frame.ts";
import { generalRows } from "./scopes/registers.ts";
import type { FrozenFrame, FrozenTarget } from "./target.ts";

/** Bytes of the stack that are shown. */
const SHOWN = 256;

/** A page about a frame, shown where its source can't be: what is known of it, its registers, its stack. */
export async function frameText(target: FrozenTarget, frame: FrozenFrame): Promise<string> {
  const { process, thread } = frame.thread;
  const facts = [...frameRows(frame), { name: "thread", value: `${thread.tid} of process ${process.pid}` }];
  const registers = generalRows(frame);
  const width = Math.max(...[...facts, ...registers].map(({ name }) => name.length));
  const lines = (rows: typeof facts): readonly string[] =>
    rows.map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`);
  const stack = registers.find(({ name }) => name === "rsp" || name === "sp");
  return [
    frameName(frame),
    ...lines(facts),
    "",
    "Registers",
    ...lines([...registers]),
    ...(stack ? ["", "Stack", ...(await dump(target, process.pid, BigInt(stack.value)))] : []),
    "",
  ].join("\n");
}

async function dump(target: FrozenTarget, pid: number, address: bigint): Promise<readonly string[]> {
  const { bytes, why } = await readPlace(await target.space(pid), address, SHOWN);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Buffer.from(bytes.subarray(at, at + 16));
    const octets = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    lines.push(`  ${(address + BigInt(at)).toString(16).padStart(16, "0")}  ${octets.padEnd(47)}  ${text}`);
  }
  return why === undefined ? lines : [...lines, `  (${why})`];
}

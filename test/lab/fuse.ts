/**
 * A file system that can fall silent, as a network mount does whose server is gone: the files of a folder, read-only, by the
 * kernel's FUSE protocol (linux/fuse.h). A process of its own, started with `--import tsx` and an IPC channel:
 * `fuse.ts FOLDER MOUNTPOINT`. It says "mounted"; told "silence" it answers nothing any more, told "speak" all that was asked.
 * It ends when it is unmounted, and after LIFE: who waits for it can't be ended otherwise.
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  read,
  readlinkSync,
  readSync,
  writeSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const [folder = "", mountpoint = ""] = process.argv.slice(2);
const LIFE = 40_000;
const ROOT = 1n;
const HEADER = 40;
const LARGEST = 1 << 20;
const ERRORS: Readonly<Record<string, number>> = { ENOENT: 2, EACCES: 13, ENOTDIR: 20, EINVAL: 22 };
const ENOSYS = 38;

/** Nodes that the kernel knows, by number: their paths. */
const paths = new Map<bigint, string>([[ROOT, folder]]);
const numbers = new Map<string, bigint>([[folder, ROOT]]);

function numberOf(path: string): bigint {
  const known = numbers.get(path);
  if (known !== undefined) return known;
  const number = BigInt(numbers.size + 1);
  numbers.set(path, number);
  paths.set(number, path);
  return number;
}

/** `struct fuse_attr`. */
function attributes(path: string): Buffer {
  const stats = lstatSync(path, { bigint: true });
  const out = Buffer.alloc(88);
  const wide: (keyof BigIntStats)[] = ["ino", "size", "blocks"];
  wide.forEach((name, index) => out.writeBigUInt64LE(stats[name] as bigint, index * 8));
  out.writeBigUInt64LE(numberOf(path), 0);
  out.writeBigUInt64LE(stats.mtimeMs / 1000n, 32);
  out.writeUInt32LE(Number(stats.mode), 60);
  out.writeUInt32LE(1, 64);
  out.writeUInt32LE(4096, 80);
  return out;
}

function found(path: string): Buffer {
  const out = Buffer.alloc(40);
  out.writeBigUInt64LE(numberOf(path), 0);
  // Valid for no time at all: the kernel asks again for each look, so that silence is noticed.
  return Buffer.concat([out, attributes(path)]);
}

function opened(descriptor: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(descriptor), 0);
  // FOPEN_DIRECT_IO: the kernel keeps nothing of what it read.
  out.writeUInt32LE(1, 8);
  return out;
}

function listing(path: string, offset: number, size: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const [index, name] of readdirSync(path).entries()) {
    if (index < offset) continue;
    const bytes = Buffer.from(name);
    const entry = Buffer.alloc((24 + bytes.length + 7) & ~7);
    entry.writeBigUInt64LE(numberOf(join(path, name)), 0);
    entry.writeBigUInt64LE(BigInt(index + 1), 8);
    entry.writeUInt32LE(bytes.length, 16);
    bytes.copy(entry, 24);
    if (length + entry.length > size) break;
    parts.push(entry);
    length += entry.length;
  }
  return Buffer.concat(parts);
}

function content(body: Buffer): Buffer {
  const out = Buffer.alloc(body.readUInt32LE(16));
  const got = readSync(Number(body.readBigUInt64LE(0)), out, 0, out.length, Number(body.readBigUInt64LE(8)));
  return out.subarray(0, got);
}

function agreed(): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(LARGEST / 8, 20);
  return out;
}

const text = (body: Buffer): string => body.toString("utf8", 0, body.indexOf(0));
const none: Buffer = Buffer.alloc(0);
/** What is answered, by the number of the question. */
const ANSWERS: Readonly<Record<number, (path: string, body: Buffer) => Buffer>> = {
  1: (path, body) => found(join(path, text(body))),
  3: (path) => Buffer.concat([Buffer.alloc(16), attributes(path)]),
  5: (path) => Buffer.from(readlinkSync(path)),
  14: (path) => opened(openSync(path, "r")),
  15: (_path, body) => content(body),
  17: () => Buffer.alloc(80),
  18: (_path, body) => {
    closeSync(Number(body.readBigUInt64LE(0)));
    return none;
  },
  25: () => none,
  26: agreed,
  27: () => opened(0),
  28: (path, body) => listing(path, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16)),
  29: () => none,
  38: () => none,
};
/** FORGET, INTERRUPT and BATCH_FORGET want no answer. */
const UNANSWERED = new Set([2, 36, 42]);

function answer(fuse: number, question: Buffer): void {
  const code = question.readUInt32LE(4);
  if (UNANSWERED.has(code)) return;
  const head = Buffer.alloc(16);
  let body: Buffer = none;
  try {
    const path = paths.get(question.readBigUInt64LE(16)) ?? folder;
    const make = ANSWERS[code];
    if (make === undefined) head.writeInt32LE(-ENOSYS, 4);
    else body = make(path, question.subarray(HEADER));
  } catch (error) {
    const name = error instanceof Error && "code" in error ? String(error.code) : "";
    head.writeInt32LE(-(ERRORS[name] ?? 5), 4);
  }
  head.writeUInt32LE(16 + body.length, 0);
  question.copy(head, 8, 8, 16);
  writeSync(fuse, Buffer.concat([head, body]));
}

async function main(): Promise<void> {
  const fuse = openSync("/dev/fuse", "r+");
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0,ro";
  const mount = spawnSync("mount", ["-i", "-t", "fuse", "cryoscope-test", mountpoint, "-o", options], {
    stdio: ["ignore", "inherit", "inherit", fuse],
  });
  if (mount.status !== 0) process.exit(1);
  const kept: Buffer[] = [];
  let silent = false;
  process.on("message", (word) => {
    silent = word === "silence";
    if (!silent) for (const question of kept.splice(0)) answer(fuse, question);
    process.send?.(word);
  });
  process.send?.("mounted");
  const readSome = promisify(read);
  const buffer = Buffer.alloc(LARGEST + HEADER);
  for (;;) {
    const { bytesRead } = await readSome(fuse, buffer, 0, buffer.length, null);
    const question = Buffer.copyBytesFrom(buffer, 0, bytesRead);
    if (silent) kept.push(question);
    else answer(fuse, question);
  }
}

setTimeout(() => process.exit(1), LIFE);
main().catch(() => {
  // ENODEV: unmounted.
  process.exit(0);
});

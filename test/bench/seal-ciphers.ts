// `node --import tsx test/bench/seal-ciphers.ts`: pages and records unsealed a second, in turn with `openssl speed` for the
// same cipher on one thread. Medians of MB/s; to be run on a quiet machine, and put into docs/benchmarks.md by hand.
import { spawnSync } from "node:child_process";
import { createDecipheriv, randomBytes } from "node:crypto";
import { nativeCiphers, portableCiphers } from "../../src/seal/ciphers/index.ts";
import type { Ciphers } from "../../src/seal/ciphers/index.ts";
import { median } from "./measure.ts";

const ROUNDS = 7;
const PAGE = 4096;
const BLOCK = 64 * 1024;
const CHUNK = randomBytes(1 << 20);
/** Microseconds of processor time of one measurement. */
const TURN = 400_000;

function pages({ xts }: Ciphers, count: number): () => number {
  const cipher = xts(randomBytes(64), randomBytes(16));
  const sealed = CHUNK.subarray(0, count * PAGE);
  return () => cipher.open(sealed, PAGE).length;
}

/**
 * What no use of the runtime's ciphers can be faster than: its calls alone, without the mask. `released`: the memory of their
 * results is given back at once, where the runtime can.
 */
function bareCalls(released: boolean): () => number {
  const blocks = createDecipheriv("aes-256-ecb", randomBytes(32), null).setAutoPadding(false);
  const piece = CHUNK.subarray(0, BLOCK);
  return () => {
    const result = blocks.update(piece);
    const { length } = result;
    // ES2024, which TypeScript's ES2023 doesn't know.
    if (released) (result.buffer as ArrayBuffer & { transfer?(to: number): unknown }).transfer?.(0);
    return length;
  };
}

function records({ openRecord, sealRecord }: Ciphers): () => number {
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const sealed = sealRecord(key, nonce, CHUNK.subarray(0, PAGE));
  // In a row, as they are read from an image.
  const record = Uint8Array.from(Buffer.concat([sealed.ciphertext, sealed.tag]));
  const [ciphertext, tag] = [record.subarray(0, PAGE), record.subarray(PAGE)];
  return () => openRecord(key, nonce, ciphertext, tag)?.length ?? 0;
}

/** MB a second of processor time, so that other work on the machine counts for neither side. */
function throughput(work: () => number): number {
  const start = process.cpuUsage();
  let bytes = 0;
  let used = 0;
  while (used < TURN) {
    for (let call = 0; call < 16; call++) bytes += work();
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  return bytes / used;
}

/** MB a second of processor time, as `openssl speed` counts them. */
function openssl(cipher: string, size: number): number {
  const args = ["speed", "-seconds", "1", "-bytes", String(size), "-decrypt", "-evp", cipher];
  const { stdout } = spawnSync("openssl", args, { encoding: "utf8" });
  return Number(/([0-9.]+)k\s*$/.exec(stdout.trim())?.[1]) / 1000;
}

const CASES: readonly (readonly [what: string, ours: () => number, peer: string, size: number])[] = [
  ["pages, the runtime's AES-256-XTS, 256 a call", pages(nativeCiphers, 256), "aes-256-xts", BLOCK],
  [
    "pages, AES-256-ECB under a mask (what is used), 1 a call",
    pages(portableCiphers, 1),
    "aes-256-xts",
    PAGE,
  ],
  ["the same, 16 a call", pages(portableCiphers, 16), "aes-256-xts", BLOCK],
  ["the same, 256 a call", pages(portableCiphers, 256), "aes-256-xts", BLOCK],
  ["the runtime's calls of AES-256-ECB alone, 64 KiB each", bareCalls(false), "aes-256-xts", BLOCK],
  ["the same, results given back at once", bareCalls(true), "aes-256-xts", BLOCK],
  ["records of 4 KiB, the runtime's ChaCha20-Poly1305", records(nativeCiphers), "chacha20-poly1305", PAGE],
  ["records of 4 KiB, @noble/ciphers (VS Code)", records(portableCiphers), "chacha20-poly1305", PAGE],
];

console.log("| what | MB/s | openssl speed, MB/s | ratio |\n| --- | --- | --- | --- |");
for (const [what, work, peer, size] of CASES) {
  const ours: number[] = [];
  const theirs: number[] = [];
  throughput(work);
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(throughput(work));
    theirs.push(openssl(peer, size));
  }
  const [a, b] = [median(ours), median(theirs)];
  console.log(`| ${what} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} |`);
}

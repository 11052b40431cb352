// `node --import tsx test/bench/seal-ciphers.ts`: pages and records unsealed a second, in turn with `openssl speed` for the
// same cipher on one thread. Medians of MB/s; to be run on a quiet machine, and put into docs/benchmarks.md by hand.
import { spawnSync } from "node:child_process";
import { createDecipheriv, randomBytes } from "node:crypto";
import { openFileSource, readPieces } from "../../src/bytes/index.ts";
import { openImage } from "../../src/criu/index.ts";
import { nativeCiphers, portableCiphers } from "../../src/seal/ciphers/index.ts";
import type { Ciphers } from "../../src/seal/ciphers/index.ts";
import { giveBack } from "../../src/seal/ciphers/give-back.ts";
import { layerSeal } from "../../src/seal/criusec/layer-seal.ts";
import { median } from "./measure.ts";
import { benchDump } from "./memory-dump.ts";

const ROUNDS = 7;
const PAGE = 4096;
const BLOCK = 64 * 1024;
const CHUNK = randomBytes(1 << 20);
/** Microseconds of processor time of one measurement. */
const TURN = 400_000;
/** Bytes of a pages file that are read in one measurement. */
const FILE_PART = 256 << 20;

type Work = () => number | Promise<number>;

function pages({ xts }: Ciphers, count: number): Work {
  const cipher = xts(randomBytes(64), randomBytes(16));
  const sealed = CHUNK.subarray(0, count * PAGE);
  return () => cipher.open(sealed, PAGE).length;
}

/** Where they lie, as from a file that is read: what was opened before is ciphertext as good as any. */
function pagesInPlace({ xts }: Ciphers): Work {
  const desk = xts(randomBytes(64), randomBytes(16)).desk(PAGE);
  desk.bytes.set(CHUNK.subarray(0, desk.bytes.length));
  return () => {
    desk.open(desk.bytes.length);
    return desk.bytes.length;
  };
}

/** What no use of the runtime's ciphers can be faster than: its calls alone, without the mask. */
function bareCalls(isReleased: boolean): Work {
  const blocks = createDecipheriv("aes-256-ecb", randomBytes(32), null).setAutoPadding(false);
  const piece = CHUNK.subarray(0, BLOCK);
  return () => {
    const result = blocks.update(piece);
    const { length } = result;
    if (isReleased) giveBack(result);
    return length;
  };
}

/** A pages file, as `cryoscope unseal` reads it: the system's copy out of the page cache counts too. */
async function pagesFile(): Promise<Work> {
  const keys = { record: randomBytes(32), pages: { key: randomBytes(64), tweak: randomBytes(16) } };
  const seal = layerSeal(keys, "", "cipher.img");
  const source = await openFileSource(benchDump().pages);
  const { plain } = await openImage("pages-1.img", source, { seal, pageSize: PAGE });
  return async () => {
    let bytes = 0;
    for await (const piece of readPieces(plain, 0, FILE_PART)) bytes += piece.length;
    return bytes;
  };
}

function records({ openRecord, sealRecord }: Ciphers): Work {
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const sealed = sealRecord(key, nonce, CHUNK.subarray(0, PAGE));
  // In a row, as they are read from an image.
  const record = Uint8Array.from(Buffer.concat([sealed.ciphertext, sealed.tag]));
  const [ciphertext, tag] = [record.subarray(0, PAGE), record.subarray(PAGE)];
  return () => openRecord(key, nonce, ciphertext, tag)?.length ?? 0;
}

/** MB a second of processor time of all threads, so that other work on the machine counts for neither side. */
async function throughput(work: Work): Promise<number> {
  const start = process.cpuUsage();
  let bytes = 0;
  let used = 0;
  while (used < TURN) {
    for (let call = 0; call < 16 && used < TURN; call++) {
      const done = work();
      bytes += typeof done === "number" ? done : await done;
      if (typeof done !== "number") break;
    }
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

const [XTS, CHACHA] = ["aes-256-xts", "chacha20-poly1305"];
/** Pages are data units of 4 KiB, each opened alone: so is what openssl does beside it, but for one row. */
const CASES: readonly (readonly [what: string, ours: Work, peer: string, size: number])[] = [
  ["pages opened in their place (what reads a pages file)", pagesInPlace(portableCiphers), XTS, PAGE],
  ["the same, beside openssl's blocks of 64 KiB", pagesInPlace(portableCiphers), XTS, BLOCK],
  ["a pages file read and opened, in the page cache", await pagesFile(), XTS, PAGE],
  ["pages into new memory, 1 a call", pages(portableCiphers, 1), XTS, PAGE],
  ["the same, 16 a call", pages(portableCiphers, 16), XTS, PAGE],
  ["the same, 256 a call", pages(portableCiphers, 256), XTS, PAGE],
  ["the runtime's AES-256-XTS, 256 a call", pages(nativeCiphers, 256), XTS, PAGE],
  ["the runtime's calls of AES-256-ECB alone, 64 KiB each", bareCalls(false), XTS, PAGE],
  ["the same, results given back at once", bareCalls(true), XTS, PAGE],
  ["records of 4 KiB, the runtime's ChaCha20-Poly1305", records(nativeCiphers), CHACHA, PAGE],
  ["records of 4 KiB, @noble/ciphers (VS Code)", records(portableCiphers), CHACHA, PAGE],
];

console.log("| what | MB/s | openssl speed, MB/s | ratio |\n| --- | --- | --- | --- |");
for (const [what, work, peer, size] of CASES) {
  const ours: number[] = [];
  const theirs: number[] = [];
  await throughput(work);
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await throughput(work));
    theirs.push(openssl(peer, size));
  }
  const [a, b] = [median(ours), median(theirs)];
  console.log(`| ${what} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} |`);
}
process.exit();

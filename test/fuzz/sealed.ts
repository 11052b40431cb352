// `node --import tsx test/fuzz/sealed.ts [--seed N] [--runs N] [--from N]`: changes what is sealed and opens it with the right
// key. What comes out must be an error of ours, or nothing that wasn't sealed: never a picture that is decoded in part and
// looks right. A case that isn't so is printed with its number; `--from N --runs 1` runs it again.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { openFolder } from "../../src/archive/index.ts";
import { bufferSource, CryoscopeError } from "../../src/bytes/index.ts";
import { openImage } from "../../src/criu/index.ts";
import { loadKeyFile, openSealed, openSealedLayer, passphrase, unsealImage } from "../../src/seal/index.ts";
import type { Key, LayerSeal } from "../../src/seal/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { mutate } from "./mutations.ts";
import { randomOf } from "./random.ts";

/** Larger ones would only make each case slower. */
const MAX_SAMPLE = 64 << 10;
/** What CRIU leaves in clear, and pages: one digest over all of them tells of a change, see verify.test.ts. */
const CLEAR = /^(pages-|cipher\.img|stats-|nftables|ifaddr|route|rule)/;

interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly marks: readonly number[];
  /** Throws a `CryoscopeError`; gives why what came out is not right, or undefined. */
  readonly check: (changed: Buffer) => Promise<string | undefined>;
}

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Images of a layer. Records aren't bound to their places, so whole ones may be missing, doubled or moved: as whole ones. */
async function criuSamples(name: string): Promise<readonly Sample[]> {
  const [key] = await loadKeyFile(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  const folder = join(await fixture(`sealed/${name}`), "enc");
  const tree = await openFolder(folder);
  const seal = key && (await openSealedLayer(tree, "", [key]));
  if (!seal) throw new Error(`${name} doesn't open`);
  const whole = new Set<string>();
  const samples: Sample[] = [];
  for (const file of await readdir(folder)) {
    const bytes = await readFile(join(folder, file));
    if (!file.endsWith(".img") || CLEAR.test(file) || bytes.length > MAX_SAMPLE) continue;
    const plain = await bytesOf(unsealImage(file, bufferSource(bytes), seal));
    for (const part of await partsOf(file, plain)) whole.add(part);
    const image = await openImage(file, bufferSource(bytes), { seal });
    const marks: number[] = [];
    if ((image.type?.magic ?? 0) !== 0)
      for await (const entry of image.entries()) marks.push(entry.sizeSpan.start);
    samples.push({
      name: `${name}/${file}`,
      bytes,
      marks,
      check: (changed) => criuCheck(file, changed, plain, seal, whole),
    });
  }
  return samples;
}

/** Entries with what is behind them, each by its hash. Of an image without entries the whole. */
async function partsOf(file: string, plain: Buffer): Promise<readonly string[]> {
  const image = await openImage(file, bufferSource(plain));
  if ((image.type?.magic ?? 0) === 0) return [hash(plain)];
  const parts: string[] = [];
  for await (const { sizeSpan, span } of image.entries())
    parts.push(hash(plain.subarray(sizeSpan.start, Math.max(span.end, sizeSpan.end))));
  return parts;
}

async function criuCheck(
  file: string,
  changed: Buffer,
  plain: Buffer,
  seal: LayerSeal,
  whole: ReadonlySet<string>,
): Promise<string | undefined> {
  const read = await bytesOf(unsealImage(file, bufferSource(changed), seal));
  // Under another magic it is another kind of image: nothing is deciphered.
  if (read.equals(plain) || read.equals(changed)) return undefined;
  // The chunks of ghosts with holes have no seal, and raw bodies are rows of pieces of which any may be missing.
  const image = await openImage(file, bufferSource(read));
  if (image.type?.payload === "ghost") return undefined;
  if ((image.type?.magic ?? 0) === 0)
    return isOfPieces(read, plain) ? undefined : "pieces that were never sealed";
  for (const part of await partsOf(file, read)) if (!whole.has(part)) return "an entry that was never sealed";
  return undefined;
}

/** Whether every stretch of 16 bytes of what was read is somewhere in the plaintext. */
function isOfPieces(read: Buffer, plain: Buffer): boolean {
  for (let at = 0; at + 16 <= read.length; at += 16)
    if (!plain.includes(read.subarray(at, at + 16))) return false;
  return true;
}

/** Files that are sealed as a whole, in schemes that notice every change. */
async function archiveSamples(): Promise<readonly Sample[]> {
  const folder = await fixture("sealed/archives");
  const keysOf = async (key: string): Promise<readonly Key[]> =>
    key.includes("pass") ? [passphrase(key)] : loadKeyFile(join(folder, "keys", key));
  const samples: Sample[] = [];
  for (const [file, key] of [
    ["checkpoint.tar.gz.armor.age", "age-x25519.txt"],
    ["checkpoint.tar.gz.ssh.age", "age-x25519.txt"],
    ["checkpoint.tar.gz.pub.gpg", "pgp.sec.asc"],
    ["checkpoint.tar.gz.pub.asc", "pgp.sec.asc"],
  ] as const) {
    const bytes = await readFile(join(folder, file));
    const keys = await keysOf(key);
    const open = async (changed: Buffer): Promise<string | undefined> => {
      const opened = await openSealed(bufferSource(changed), file, keys);
      if (opened === undefined) return undefined;
      try {
        return hash(await opened.source.read(0, opened.source.size));
      } finally {
        await opened.source.close?.();
      }
    };
    const expected = await open(bytes);
    samples.push({
      name: file,
      bytes,
      marks: [0, 10, 60, 180, 240],
      async check(changed) {
        const sum = await open(changed);
        return sum === undefined || sum === expected ? undefined : "other bytes than were sealed";
      },
    });
  }
  return samples;
}

/** cipher.img beside images that are whole: it opens them as they are, or says why not. */
async function cipherSamples(): Promise<readonly Sample[]> {
  const keys = await loadKeyFile(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  const folder = join(await fixture("sealed/simple-enc"), "enc");
  const bytes = await readFile(join(folder, "cipher.img"));
  const tree = await openFolder(folder);
  return [
    {
      name: "simple-enc/cipher.img",
      bytes,
      marks: [0, 4, 8, 12],
      async check(changed) {
        const source = bufferSource(changed);
        const open = (path: string): ReturnType<typeof tree.open> =>
          basename(path) === "cipher.img" ? Promise.resolve(source) : tree.open(path);
        const seal = await openSealedLayer({ ...tree, open }, "", keys);
        seal?.dispose();
        return undefined;
      },
    },
  ];
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "20000" },
    from: { type: "string", default: "0" },
  },
});
const [seed, runs, from] = [values.seed, values.runs, values.from].map(Number) as [number, number, number];
const groups = [
  await criuSamples("tree-restorable-enc"),
  await criuSamples("simple-enc"),
  await cipherSamples(),
  await archiveSamples(),
];
const images = groups.slice(0, 2).flat();
const outcomes = new Map<string, number>();
let wrong = 0;
for (let number = from; number < from + runs; number++) {
  const random = randomOf(seed, number);
  // Archives take longer and have fewer parts.
  const group = groups[random.pick([0, 0, 0, 0, 0, 0, 1, 1, 2, 3])] ?? [];
  const sample = random.pick(group);
  const { bytes, done } = mutate(sample, random.pick(images).bytes, random);
  let outcome: string;
  try {
    const why = await sample.check(bytes);
    outcome = why ?? "nothing that wasn't sealed";
    if (why !== undefined) {
      wrong++;
      console.error(`case ${number} of seed ${seed}: ${sample.name} by ${done.join(", ")}: ${why}`);
    }
  } catch (error) {
    outcome = error instanceof CryoscopeError ? error.code : "not an error of ours";
    if (!(error instanceof CryoscopeError)) {
      wrong++;
      console.error(`case ${number} of seed ${seed}: ${sample.name} by ${done.join(", ")}:`, error);
    }
  }
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}
console.log(`${runs} cases, ${wrong} of them wrong`);
for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a))
  console.log(`${count}\t${outcome}`);
process.exitCode = wrong === 0 ? 0 : 1;

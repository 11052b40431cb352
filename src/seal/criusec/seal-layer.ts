import { randomBytes } from "node:crypto";
import { type FileTree, type TreeEntry } from "../../archive/index.ts";
import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { COMMON_MAGIC, imageTypeNamed } from "../../criu/index.ts";
import { sealErrors } from "../errors.ts";
import { CIPHER_IMAGE } from "./cipher-image.ts";
import { layerSeal } from "./layer-seal.ts";
import type { LayerKeys, LayerSeal } from "./layer-seal.ts";
import { findPageSize } from "./page-size.ts";
import { openPagemap } from "./pagemaps.ts";
import { recordWriter } from "./record-writer.ts";
import { sealImage } from "./seal-image.ts";
import { bestCiphers } from "../ciphers/index.ts";
import type { CriuRecipient } from "./recipient.ts";

/** Where the new keys and nonces come from; tests give those of a real dump. */
export interface SealRandom {
  /** 32 bytes for records, 64 for pages, 16 for the tweak. */
  key(length: 32 | 64 | 16): Uint8Array;
  /** 12 bytes for a record of `file`. */
  nonce(file: string): Uint8Array;
}

const systemRandom: SealRandom = { key: randomBytes, nonce: () => randomBytes(12) };

/** A file of the sealed layer. */
export interface SealedFile {
  readonly name: string;
  /** To be read to its end before the next file is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

const CHUNK = 1 << 20;
const DIGEST = 32;

/**
 * The files of a plain layer as `criu dump --encrypt` would have written them (CRIU PR 2297), and cipher.img at the end.
 * Folders, links and files that are no images of CRIU's are left to the caller. Every layer gets keys of its own. Throws
 * `seal.damaged` for what can't be framed, `seal.sealedAlready`, `seal.unsupported` for a layer that is compressed.
 */
export async function* sealLayer(
  tree: FileTree,
  folder: string,
  recipient: CriuRecipient,
  {
    random = systemRandom,
    signal,
    report,
  }: {
    readonly random?: SealRandom;
    readonly signal?: AbortSignal;
    /** Told at the end what of the layer stays readable, as it does in CRIU's own. */
    readonly report?: (note: string) => void;
  } = {},
): AsyncGenerator<SealedFile> {
  const files = (await tree.list(folder)).filter(({ kind }) => kind === "file");
  if (files.some(({ name }) => name === CIPHER_IMAGE)) throw sealErrors.sealedAlready(folder);
  const keys: LayerKeys = {
    record: random.key(32),
    pages: { key: random.key(64), tweak: random.key(16) },
  };
  const record = recipient.wrap(keys.record);
  const pages = recipient.wrap(keys.pages?.key ?? new Uint8Array(0));
  const tweak = keys.pages?.tweak ?? new Uint8Array(0);
  const seal = layerSeal(keys, "", CIPHER_IMAGE);
  const digest = Buffer.alloc(DIGEST);
  const clear: string[] = [];
  try {
    const context = { tree, folder, files, seal, keys, digest };
    yield* sealPages(context);
    for (const { name, path } of files) {
      if (/^pages-.*\.img$/.test(name)) continue;
      signal?.throwIfAborted();
      const source = await tree.open(path);
      try {
        const writer = recordWriter(keys.record, () => random.nonce(name));
        const stays = (): void => void clear.push(`${name} (content of a deleted file)`);
        const sealed = await sealImage(name, source, writer, stays);
        if (sealed === undefined) clear.push(name);
        yield { name, content: sealed ?? readChunks(source, { chunk: CHUNK }) };
      } finally {
        await source.close?.();
      }
    }
    if (clear.length > 0)
      report?.(
        `As CRIU leaves them, these stay readable by anybody: ${clear.join(", ")}. age would seal them too.`,
      );
    yield { name: CIPHER_IMAGE, content: once(cipherImage(record, pages, tweak, digest)) };
  } finally {
    seal.dispose();
  }
}

interface PagesContext {
  readonly tree: FileTree;
  readonly folder: string;
  readonly files: readonly TreeEntry[];
  readonly seal: LayerSeal;
  readonly keys: LayerKeys;
  /** Takes the digest of every page. */
  readonly digest: Buffer;
}

/**
 * The pages files. Their digest covers every page, SysV shared memory too: CRIU leaves that out when it dumps, and then
 * refuses its own dump when it restores.
 */
async function* sealPages(context: PagesContext): AsyncGenerator<SealedFile> {
  const { tree, folder, files } = context;
  const pageSize = (await findPageSize(tree, folder, undefined)) ?? 4096;
  const described = new Set<string>();
  for (const { name } of files.filter((file) => /^pagemap-.*\.img$/.test(file.name))) {
    const pagemap = await openPagemap(tree, folder, name, undefined);
    const file = files.find((one) => one.name === pagemap.pagesFile);
    if (file === undefined || described.has(file.name)) continue;
    described.add(file.name);
    const source = await tree.open(file.path);
    try {
      yield {
        name: file.name,
        content: sealedPages(source, pagemap.present(), file.name, pageSize, context),
      };
    } finally {
      await source.close?.();
    }
  }
  for (const { name, path } of files)
    if (/^pages-.*\.img$/.test(name) && !described.has(name)) {
      const source = await tree.open(path);
      try {
        yield { name, content: sealedPages(source, none(), name, pageSize, context) };
      } finally {
        await source.close?.();
      }
    }
}

async function* sealedPages(
  source: ByteSource,
  ranges: AsyncIterable<{ readonly vaddr: bigint; readonly pages: bigint }>,
  file: string,
  pageSize: number,
  { keys, seal, digest }: PagesContext,
): AsyncGenerator<Uint8Array> {
  if (keys.pages === undefined) return;
  if (source.size % pageSize !== 0)
    throw sealErrors.unsupported(
      file,
      "a pages file that is compressed",
      "CRIU's sealing knows plain pages alone; seal the whole checkpoint with age instead.",
    );
  const xts = bestCiphers().xts(keys.pages.key, keys.pages.tweak);
  let offset = 0;
  const next = async (count: number): Promise<Uint8Array> => {
    const bytes = xts.seal(await source.read(offset, count * pageSize), pageSize);
    offset += bytes.length;
    return bytes;
  };
  const step = CHUNK / pageSize;
  for await (const { vaddr, pages } of ranges)
    for (let page = 0n; page < pages && offset < source.size; page += BigInt(step)) {
      const bytes = await next(Math.min(step, Number(pages - page)));
      for (let at = 0; at < bytes.length; at += pageSize) {
        const address = vaddr + page * BigInt(pageSize) + BigInt(at);
        const one = seal.pageDigest(bytes.subarray(at, at + pageSize), address);
        for (let byte = 0; byte < DIGEST; byte++) digest[byte] = (digest[byte] ?? 0) ^ (one[byte] ?? 0);
      }
      yield bytes;
    }
  // Pages that no pagemap counts.
  while (offset < source.size) yield await next(step);
  xts.dispose();
}

/** `images/cipher.proto` of PR 2297, behind two magics and its size. */
function cipherImage(...fields: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(
    fields.flatMap((value, index) => [Buffer.of(((index + 1) << 3) | 2), varint(value.length), value]),
  );
  const head = Buffer.alloc(12);
  head.writeUInt32LE(COMMON_MAGIC);
  head.writeUInt32LE(imageTypeNamed("CIPHER")?.magic ?? 0, 4);
  head.writeUInt32LE(message.length, 8);
  return Buffer.concat([head, message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function* none(): AsyncGenerator<never> {
  // Nothing.
}

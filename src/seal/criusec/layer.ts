import { joinPath, type FileTree } from "../../archive/index.ts";
import { openImage, type ImageSeal } from "../../criu/index.ts";
import { CIPHER_IMAGE, readCipher, type Cipher } from "./cipher-image.ts";
import { sealErrors } from "../errors.ts";
import type { KeyNeed } from "../errors.ts";
import { layerSeal, type LayerKeys, type LayerSeal } from "./layer-seal.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key } from "../keys/key.ts";
import type { RsaKey } from "../keys/private-key.ts";
import { findPageSize } from "./page-size.ts";
import { watchRecords } from "./watch-records.ts";

const RECORD_KEY = 32;
const PAGE_KEYS = 64;
/** Images tried before a layer counts as having nothing to prove a key with. */
const MAX_TRIED = 16;

/** Whether a layer is sealed; `keysLost`: it is, and the cipher.img that would open it was never written. */
export type SealState = "plain" | "sealed" | "keysLost";

/** What state the images in `folder` are in, told without any key. Throws `archive.notFound`. */
export async function sealState(tree: FileTree, folder: string): Promise<SealState> {
  if ((await tree.stat(joinPath(folder, CIPHER_IMAGE)))?.kind === "file") return "sealed";
  // CRIU leaves such a layer when the certificate is not RSA, always without inventory.img.
  if ((await tree.stat(joinPath(folder, "inventory.img"))) !== undefined) return "plain";
  for (const path of await imagesToTry(tree, folder)) {
    const source = await tree.open(path);
    try {
      const image = await openImage(path, source);
      if (image.problems.some(({ code }) => code === "criu.sealed")) return "keysLost";
    } finally {
      await source.close?.();
    }
  }
  return "plain";
}

/**
 * Opens the seal of the layer in `folder` with the first of the keys that fits, and proves that it does on one of
 * the layer's images. undefined for a layer that isn't sealed. Throws `seal.keyNeeded` when `keys` is empty,
 * `seal.notRsa` when only keys of other kinds are among them, `seal.wrongKey` when none fits, `seal.keysLost`, `seal.noCipher`, and `seal.recordBroken` when a key fits and the
 * images aren't authentic all the same.
 */
export async function openSealedLayer(
  tree: FileTree,
  folder: string,
  keys: readonly Key[],
): Promise<LayerSeal | undefined> {
  const state = await sealState(tree, folder);
  if (state === "plain") return undefined;
  const file = joinPath(folder, CIPHER_IMAGE);
  if (state === "keysLost") throw sealErrors.keysLost(folder === "" ? tree.name : folder);
  const source = await tree.open(file);
  const cipher = await readCipher(source, file).finally(() => source.close?.());
  const rsaKeys = keysOfKind(keys, "rsa");
  const [other] = keysOfKind(keys, "ec", "ed25519");
  if (rsaKeys.length === 0)
    throw other ? sealErrors.notRsa(other.name, other.curve) : sealErrors.keyNeeded(file, needOf(cipher));

  for (const key of rsaKeys) {
    const layerKeys = unwrap(cipher, key);
    if (layerKeys === undefined) continue;
    const seal = layerSeal(layerKeys, key.fingerprint, file, cipher.pagesDigest);
    try {
      const broken = await firstBroken(tree, folder, seal);
      if (broken === undefined) return { ...seal, pageSize: await findPageSize(tree, folder, seal) };
      // Two keys of the right lengths don't come out of a wrong key by chance; one alone just might.
      if (layerKeys.pages !== undefined) throw sealErrors.recordBroken({ file: broken });
    } catch (error) {
      seal.dispose();
      throw error;
    }
    seal.dispose();
  }
  throw sealErrors.wrongKey(
    file,
    rsaKeys.map(({ name }) => name),
  );
}

/** cipher.img names no certificate; the length of its modulus is all there is to know it by. */
function needOf({ tokens }: Cipher): KeyNeed {
  const bits = [...new Set(tokens.map((token) => token.length * 8))].join(" or ");
  return {
    sealed: `for an RSA key of ${bits} bits`,
    give: "Give the RSA private key that belongs to the certificate it was dumped with.",
  };
}

function unwrap(cipher: Cipher, key: RsaKey): LayerKeys | undefined {
  for (const token of cipher.tokens) {
    const record = key.unwrap(token, RECORD_KEY);
    if (record === undefined) continue;
    if (cipher.pageKey === undefined || cipher.tweak === undefined) return { record, pages: undefined };
    const pageKey = key.unwrap(cipher.pageKey, PAGE_KEYS);
    if (pageKey !== undefined) return { record, pages: { key: pageKey, tweak: cipher.tweak } };
    record.fill(0);
  }
  return undefined;
}

/**
 * undefined as soon as an image's first record is authentic, or when no image has a record (a pre-dump that failed);
 * else the first image whose record isn't.
 */
async function firstBroken(tree: FileTree, folder: string, seal: ImageSeal): Promise<string | undefined> {
  let broken: string | undefined;
  for (const path of await imagesToTry(tree, folder)) {
    const source = await tree.open(path);
    const tried = watchRecords(seal);
    try {
      const image = await openImage(path, source, { seal: tried.seal });
      if (image.entryCount > 0) await image.entry(0);
    } finally {
      await source.close?.();
    }
    if (tried.authentic > 0) return undefined;
    if (tried.broken().length > 0) broken ??= path;
  }
  return broken;
}

const FIRST = ["inventory.img", "pstree.img", "files.img"];
/** Small at their head, and of nothing but records. */
const OTHERS = /^(core|ids|mm|fs|pagemap)-.*\.img$/;

async function imagesToTry(tree: FileTree, folder: string): Promise<string[]> {
  const names = (await tree.list(folder)).filter(({ kind }) => kind === "file").map(({ name }) => name);
  return [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => OTHERS.test(name))]
    .slice(0, MAX_TRIED)
    .map((name) => joinPath(folder, name));
}

import { join } from "node:path";
import { openFolder } from "../../src/archive/index.ts";
import type { ImageSeal } from "../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../src/seal/index.ts";
import { fixture } from "../unit/fixtures.ts";

let opening: Promise<ImageSeal> | undefined;

/** The seal of the sealed fixture with one image of nearly every kind. Opened once. */
export function sealOf(): Promise<ImageSeal> {
  opening ??= open();
  return opening;
}

async function open(): Promise<ImageSeal> {
  const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  const tree = await openFolder(join(await fixture("sealed/tree-restorable-enc"), "enc"));
  const seal = await openSealedLayer(tree, "", [key]);
  await tree.close();
  if (!seal) throw new Error("the fixture's key doesn't open it");
  return seal;
}

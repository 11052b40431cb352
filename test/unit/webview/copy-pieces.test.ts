import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { checkEditable, encodeImage, openImage } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { copyPieces, hasClearCopy } from "../../../src/vscode/image-editor/copy-pieces.ts";
import { fixture } from "../fixtures.ts";

describe("a copy to edit", () => {
  it("of a sealed image is in clear, as the pull request's own crit decodes it", async () => {
    const folder = await fixture("sealed/simple-enc");
    const tree = await openFolder(join(folder, "enc"));
    const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
    const seal = await openSealedLayer(tree, "", [key]);
    let compared = 0;
    for (const name of await readdir(join(folder, "enc"))) {
      if (!/^(pstree|core-|files|fs-|fdinfo-)/.test(name)) continue;
      const bytes = await readFile(join(folder, "enc", name));
      const image = await openImage(name, bufferSource(bytes), { seal });
      assert.ok(hasClearCopy(image));
      const copy = await collected(copyPieces(image));
      const json = await readFile(join(folder, "crit-of-pr", `${name}.json`), "utf8");
      assert.deepEqual(copy, Buffer.concat([...encodeImage(json)]), name);
      checkEditable(await openImage(name, bufferSource(copy)));
      compared++;
    }
    assert.ok(compared >= 5);
    seal?.dispose();
    await tree.close();
  });

  it("of another image has its bytes as they are", async () => {
    const bytes = await readFile(join(await fixture("corpus/a-single"), "img/pstree.img"));
    const image = await openImage("pstree.img", bufferSource(bytes));
    assert.deepEqual(await collected(copyPieces(image)), bytes);
  });
});

async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

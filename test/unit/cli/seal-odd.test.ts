// Sealing and editing images whose text is no UTF-8 (test/fixtures/odd/odd.c).
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { editImage, openImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { runCommand } from "../run-command.ts";

describe("images whose text is no UTF-8", () => {
  let images: string;
  let folder: string;

  before(async () => {
    images = join(await fixture("odd/odd"), "images");
    folder = await mkdtemp(join(tmpdir(), "cryoscope-odd-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("are sealed as CRIU would, and come back byte for byte", async () => {
    const keys = await fixture("sealed/keys");
    const [sealed, plain] = [join(folder, "sealed"), join(folder, "plain")];
    const sealing = await runCommand(["seal", images, "-r", join(keys, "key1.cert.pem"), "-o", sealed]);
    assert.equal(sealing.code, 0, sealing.err);
    const words = ["unseal", sealed, "--key", join(keys, "key1.pkcs8.pem"), "-o", plain];
    const unsealing = await runCommand(words);
    assert.equal(unsealing.code, 0, unsealing.err);
    const names = (await readdir(images)).toSorted();
    assert.deepEqual((await readdir(plain)).toSorted(), names);
    for (const name of names)
      assert.ok((await readFile(join(plain, name))).equals(await readFile(join(images, name))), name);
    assert.ok(!(await readFile(join(sealed, "files.img"))).includes("caf\xe9", 0, "latin1"));
  });

  it("are edited without a complaint, and keep the bytes of the text", async () => {
    const image = await openImage("memfd.img", bufferSource(await readFile(join(images, "memfd.img"))));
    const { image: edited, problems } = await editImage(image, [
      { kind: "set", path: "entries[0].uid", value: 7n },
    ]);
    assert.deepEqual(problems, []);
    const bytes = Buffer.from(await edited.source.read(0, edited.source.size));
    assert.ok(bytes.includes("sea led\n\xff", 0, "latin1"));
  });
});

// Sealing and editing images whose text is no UTF-8 (test/fixtures/odd/odd.c).
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { editImage, openImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { runCommand } from "../run-command.ts";
import type { Ran } from "../run-command.ts";

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

  it("of which a page was changed are unsealed with a word about it, and no clean exit", async () => {
    const keys = await fixture("sealed/keys");
    const [sealed, plain] = [join(folder, "changed"), join(folder, "changed-plain")];
    await runCommand(["seal", images, "-r", join(keys, "key1.cert.pem"), "-o", sealed]);
    const unseal = async (): Promise<Ran> => {
      await rm(plain, { recursive: true, force: true });
      return runCommand(["unseal", sealed, "--key", join(keys, "key1.pkcs8.pem"), "-o", plain]);
    };
    const pages = await readFile(join(sealed, "pages-1.img"));
    pages.writeUInt8(pages.readUInt8(5000) ^ 0x41, 5000);
    await writeFile(join(sealed, "pages-1.img"), pages);
    const changed = await unseal();
    assert.equal(changed.code, 1);
    assert.match(changed.err, /Pages of changed are not authentic: at least one was changed or damaged/);

    // Without its list of pages nobody knows which there were.
    const list = await readFile(join(sealed, "pagemap-54.img"));
    list.writeUInt8(list.readUInt8(20) ^ 0x41, 20);
    await writeFile(join(sealed, "pagemap-54.img"), list);
    const lost = await unseal();
    assert.equal(lost.code, 1);
    assert.match(lost.err, /pagemap-54\.img is left out/);
    assert.match(lost.err, /Pages of changed could not be verified/);
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

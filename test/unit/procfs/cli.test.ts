import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const proc = (toTerminal: boolean, ...args: readonly string[]) =>
  runCommand(["proc", ...args], { toTerminal });

describe("cryoscope proc", () => {
  let folder: string;
  let images: string;
  before(async () => {
    folder = await fixture("corpus/c-files");
    images = join(folder, "img");
  });
  const live = (name: string): Promise<Buffer> => readFile(join(folder, "proc/16169", name));

  it("prints a file byte for byte as the kernel did", async () => {
    for (const name of ["limits", "environ", "auxv", "cmdline"]) {
      const { code, bytes } = await proc(false, images, `/proc/16169/${name}`);
      assert.equal(code, 0);
      assert.deepEqual(bytes, await live(name), name);
    }
  });

  it("takes a path with or without /proc before it", async () => {
    const paths = ["/proc/16169/comm", "proc/16169/comm", "16169/comm", "/proc//16169/./comm"];
    for (const path of paths) assert.equal((await proc(false, images, path)).out, "feat\n");
  });

  it("prints where a link leads", async () => {
    assert.equal((await proc(false, images, "/proc/16169/fd/11")).out, "/etc/passwd\n");
  });

  it("prints the names in a folder", async () => {
    const names = (await proc(false, images, "/proc/16169")).out.split("\n");
    for (const name of ["maps", "fd/", "exe@", "task/"]) assert.ok(names.includes(name), name);
    assert.match((await proc(false, images)).out, /^16169\/$/m);
  });

  it("lets no control character through to a terminal", async () => {
    const { out } = await proc(true, images, "/proc/16169/environ");
    assert.ok(!out.includes("\0"));
    assert.match(out, /HOME=\/root\\u0000/);
  });

  it("prints JSON that fits its schema", async () => {
    for (const path of [
      "/proc",
      "/proc/16169/fd",
      "/proc/16169/maps",
      "/proc/16169/auxv",
      "/proc/16169/exe",
    ]) {
      const { code, out } = await proc(false, "--json", images, path);
      assert.equal(code, 0);
      const document: unknown = JSON.parse(out);
      await assertFitsSchema("proc", document);
      assert.equal((document as { path: string }).path, path);
    }
  });

  it("ends with 3 where there is nothing of that name, and with 2 for wrong usage", async () => {
    for (const path of [
      "/proc/1/maps",
      "/proc/16169/nothing",
      "/proc/016169",
      "/proc/16169/fd/../maps",
      "/etc/passwd",
    ]) {
      const { code, err } = await proc(false, images, path);
      assert.equal(code, 3, path);
      assert.match(err, /nothing of this name/);
    }
    assert.equal((await proc(false)).code, 2);
    assert.equal((await proc(false, images, "a", "b")).code, 2);
  });
});

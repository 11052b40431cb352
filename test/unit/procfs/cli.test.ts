import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fixture } from "../fixtures.ts";

const SCHEMA = fileURLToPath(new URL("../../../docs/proc.schema.json", import.meta.url));

// Mocha loads this file in another way than commands load theirs, and a module loaded in two ways is there twice.
const load = async () => ({
  ...(await import("../../../src/cli/commands.ts")),
  ...(await import("../../../src/cli/run.ts")),
});

interface Ran {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

async function proc(toTerminal: boolean, ...args: readonly string[]): Promise<Ran> {
  const out: Buffer[] = [];
  let err = "";
  const { COMMANDS, runCli } = await load();
  const code = await runCli(COMMANDS, ["proc", ...args], {
    write: (text) => {
      out.push(Buffer.from(text));
      return Promise.resolve();
    },
    message: (text) => {
      err += `${text}\n`;
    },
    toTerminal,
  });
  return { code, out: Buffer.concat(out), err };
}

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
      const { code, out } = await proc(false, images, `/proc/16169/${name}`);
      assert.equal(code, 0);
      assert.deepEqual(out, await live(name), name);
    }
  });

  it("takes a path with or without /proc before it", async () => {
    const paths = ["/proc/16169/comm", "proc/16169/comm", "16169/comm", "/proc//16169/./comm"];
    for (const path of paths) assert.equal((await proc(false, images, path)).out.toString(), "feat\n");
  });

  it("prints where a link leads", async () => {
    assert.equal((await proc(false, images, "/proc/16169/fd/11")).out.toString(), "/etc/passwd\n");
  });

  it("prints the names in a folder", async () => {
    const names = (await proc(false, images, "/proc/16169")).out.toString().split("\n");
    for (const name of ["maps", "fd/", "exe@", "task/"]) assert.ok(names.includes(name), name);
    assert.match((await proc(false, images)).out.toString(), /^16169\/$/m);
  });

  it("lets no control character through to a terminal", async () => {
    const { out } = await proc(true, images, "/proc/16169/environ");
    assert.ok(!out.includes(0));
    assert.match(out.toString(), /HOME=\/root\\u0000/);
  });

  it("prints JSON that fits its schema", async () => {
    const schema: unknown = JSON.parse(await readFile(SCHEMA, "utf8"));
    // The schema is one of this project, read as JSON.
    const validate = new Ajv2020({ strict: false }).compile(schema as object);
    for (const path of [
      "/proc",
      "/proc/16169/fd",
      "/proc/16169/maps",
      "/proc/16169/auxv",
      "/proc/16169/exe",
    ]) {
      const { code, out } = await proc(false, "--json", images, path);
      assert.equal(code, 0);
      const document: unknown = JSON.parse(out.toString());
      assert.ok(validate(document), `${path}: ${JSON.stringify(validate.errors)}`);
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

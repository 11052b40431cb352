import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/cli/core.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";

describe("cryoscope core", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "core-cli-"));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function core(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
    let text = "";
    const code = await run(args, {
      toTerminal: false,
      write: (part) => {
        text += Buffer.from(part).toString();
        return Promise.resolve();
      },
      message: () => undefined,
    });
    return { code, text };
  }

  it("writes a core and says of it what docs/core.schema.json has", async () => {
    const images = join(await fixture("memory/elfcore"), "img");
    const file = join(folder, "core.1");
    const { code, text } = await core(images, "--pid", "1", "-o", file, "--json");
    assert.equal(code, 0);
    const document: unknown = JSON.parse(text);
    const schema: object = JSON.parse(await readFile("docs/core.schema.json", "utf8"));
    const ajv = new Ajv2020();
    assert.ok(ajv.validate(schema, document), ajv.errorsText());
    const written = await readCore(file);
    assert.equal((document as { readonly segments: number }).segments, written.segments.length);
  });

  it("has the pages of the program where the sysroot has it", async () => {
    const root = await fixture("memory/elfcore");
    const file = join(folder, "whole");
    await core(join(root, "img"), "--pid", "1", "-o", file, "--sysroot", join(root, "root"));
    const { segments } = await readCore(file);
    const program = await readFile(join(root, "root/threads"));
    // The first page of a static program is the beginning of its file.
    const first = segments.find(({ start }) => start === 0x400000n);
    assert.deepEqual(first?.bytes.subarray(0, 4096), program.subarray(0, 4096));
  });

  it("leaves nothing behind for a process that isn't there, and says what is wrong with its words", async () => {
    const images = join(await fixture("memory/elfcore"), "img");
    const before = await readdir(folder);
    await assert.rejects(core(images, "--pid", "4711", "-o", join(folder, "none")), {
      code: "memory.noProcess",
    });
    await assert.rejects(core(images, "--pid", "1"), { code: "cli.usage" });
    await assert.rejects(core(images, "--pid", "one", "-o", join(folder, "none")), { code: "cli.usage" });
    assert.deepEqual(await readdir(folder), before);
  });
});

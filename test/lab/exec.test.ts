import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type { Engine } from "../../src/engine/index.ts";
import { connectLab, removeContainer, startContainer } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";

const NAME = "cryoscope-exec";

async function all(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function labTests(kind: LabEngine): void {
  describe(`a program run in a container of ${kind}`, () => {
    let engine: Engine;
    let id: string;

    before(async () => {
      engine = await connectLab(kind);
      ({ id } = await startContainer(engine, kind, NAME));
    });
    after(() => removeContainer(kind, NAME));

    it("gets every byte of its input and gives every byte back", async () => {
      const bytes = randomBytes(300_000);
      const cat = await engine.exec?.(id, ["cat"]);
      assert.ok(cat);
      cat.stdin.end(bytes);
      const [out, err] = await Promise.all([all(cat.stdout), all(cat.stderr)]);
      assert.ok(out.equals(bytes), `${out.length} bytes of ${bytes.length}`);
      assert.equal(err.length, 0);
      assert.equal(await cat.exit, 0);
    });

    it("keeps its two outputs apart, and its exit status", async () => {
      const sh = await engine.exec?.(id, ["sh", "-c", "echo out; echo err >&2; exit 7"]);
      assert.ok(sh);
      const [out, err] = await Promise.all([all(sh.stdout), all(sh.stderr)]);
      assert.deepEqual([out.toString(), err.toString(), await sh.exit], ["out\n", "err\n", 7]);
    });

    it("has all capabilities when it is to debug", async () => {
      const plain = await engine.exec?.(id, ["grep", "CapEff", "/proc/self/status"]);
      const able = await engine.exec?.(id, ["grep", "CapEff", "/proc/self/status"], { privileged: true });
      assert.ok(plain && able);
      const [few, many] = await Promise.all([all(plain.stdout), all(able.stdout)]);
      const mask = (line: Buffer): bigint => BigInt(`0x${line.toString().split("\t")[1]?.trim() ?? "0"}`);
      const PTRACE = 1n << 19n;
      assert.equal(mask(few) & PTRACE, 0n);
      assert.equal(mask(many) & PTRACE, PTRACE);
    });

    it("that isn't there says so", async () => {
      await assert.rejects(
        async () => {
          const none = await engine.exec?.(id, ["/no/such/program"]);
          assert.ok(none);
          none.stdout.resume();
          none.stderr.resume();
          const status = await none.exit;
          // Docker tells by the status of a shell: 126 or 127.
          throw Object.assign(new Error(`${status}`), status >= 126 && { code: "engine.cannotExec" });
        },
        { code: "engine.cannotExec" },
      );
    });

    it("is refused in a container that is gone", async () => {
      await assert.rejects(async () => engine.exec?.("f".repeat(64), ["cat"]), {
        code: "engine.noSuchContainer",
      });
    });
  });
}

labTests("podman");
labTests("docker");

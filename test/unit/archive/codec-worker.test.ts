import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { decodeInWorker } from "../../../src/archive/codecs/in-worker.ts";
import type { Packet } from "../../../src/archive/codecs/codec.ts";
import { fixture } from "../fixtures.ts";

const damaged = (cause: unknown): Error => new Error(String(cause));

async function packets(file: string): Promise<AsyncGenerator<Packet>> {
  const bytes = await readFile(join(await fixture("archive/packed"), file));
  return (async function* () {
    yield await Promise.resolve({ bytes, starts: true });
  })();
}

describe("a decoder in a worker", () => {
  it("gives everything to a reader that is slower than it", async () => {
    let size = 0;
    let pieces = 0;
    for await (const bytes of decodeInWorker("bzip2", await packets("zeros-16M.bz2"), "f", damaged)) {
      size += bytes.length;
      if (pieces++ % 16 === 0) await setTimeout(20);
    }
    assert.equal(size, 2 ** 24);
  });

  it("ends with a reader that has enough, and with input that breaks off", async () => {
    for await (const bytes of decodeInWorker("xz", await packets("zeros-64M.xz"), "f", damaged)) {
      assert.ok(bytes.length > 0);
      break;
    }
    const broken = async function* (): AsyncGenerator<Packet> {
      yield await Promise.resolve({ bytes: Buffer.from("\xfd7zXZ\0", "latin1"), starts: true });
      throw new RangeError("the disk is gone");
    };
    await assert.rejects(async () => {
      for await (const bytes of decodeInWorker("xz", broken(), "f", damaged)) assert.ok(bytes);
    }, RangeError);
  });
});

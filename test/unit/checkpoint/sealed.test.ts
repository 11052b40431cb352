import assert from "node:assert/strict";
import type { OpenFile, Thread } from "../../../src/checkpoint/index.ts";
import { sealWith, withCheckpoint } from "./support.ts";

describe("a sealed checkpoint", () => {
  it("shows with its key what the plain dump of the same moment shows", async () => {
    const sealFor = await sealWith("key1.pkcs8.pem");
    const plain = await withCheckpoint("sealed/tree-restorable-enc", "plain", everything);
    const sealed = await withCheckpoint("sealed/tree-restorable-enc", "enc", everything, sealFor);
    assert.deepEqual(sealed, plain);
  });

  it("without a key is refused, with what to do", async () => {
    await assert.rejects(
      withCheckpoint("sealed/simple-enc", "enc", () => Promise.resolve()),
      { code: "seal.keyNeeded", next: /RSA private key/ },
    );
  });

  it("with the wrong key is refused, and nothing of it shown", async () => {
    await assert.rejects(
      withCheckpoint(
        "sealed/simple-enc",
        "enc",
        () => assert.fail("it was opened"),
        await sealWith("key4096.pkcs1.pem"),
      ),
      { code: "seal.wrongKey" },
    );
  });

  it("whose keys were lost is refused, with the reason", async () => {
    await assert.rejects(
      withCheckpoint("sealed/enc-no-cipher", "", () => Promise.resolve()),
      { code: "seal.keysLost" },
    );
  });
});

type Checkpoint = Parameters<Parameters<typeof withCheckpoint>[2]>[0];

async function everything(checkpoint: Checkpoint): Promise<unknown> {
  const processes = [];
  for (const process of checkpoint.processes) {
    const { pid } = process;
    const files = (await checkpoint.openFiles(pid)).value;
    processes.push({
      process,
      files: files.map((file) => ({ ...file, ...withoutPlaces(file) })),
      map: await checkpoint.memoryMap(pid),
      threads: (await checkpoint.threads(pid)).value.map(withoutRegisters),
      paths: await checkpoint.paths(pid),
    });
  }
  return { processes, mounts: await checkpoint.mounts(), hostname: checkpoint.container.hostname };
}

/** The two dumps were made one after the other, and a timer went on in between. */
const withoutTime = (text: string): string => text.replace(/in \d+ s$/, "in … s");

/** Sealed content lies at other places, in pieces. */
const withoutPlaces = ({ description, detail }: OpenFile) => ({
  description: withoutTime(description),
  detail: detail?.kind,
});

/** Nor were the registers the same. */
const withoutRegisters = (thread: Thread) => ({
  ...thread,
  registers: Object.keys(thread.registers?.general ?? {}),
});

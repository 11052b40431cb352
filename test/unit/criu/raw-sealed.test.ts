import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder, openNested } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openImage, rawContent } from "../../../src/criu/index.ts";
import type { ImageSeal, OpenImageOptions } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";
import { tiledSpans } from "./corpus.ts";
import { entriesOf, open } from "./raw-images.ts";
import type { Plain } from "./raw-images.ts";

async function seal(): Promise<ImageSeal> {
  const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  const folder = await openFolder(join(await fixture("sealed/tree-restorable-enc"), "enc"));
  const opened = await openSealedLayer(folder, "", [key]);
  assert.ok(opened);
  return opened;
}

describe("raw images of a sealed checkpoint", () => {
  it("have the connections whose sockets crit prints", async () => {
    const image = await open("sealed/tree-restorable-enc", "enc/netns-ct-10.img", { seal: await seal() });
    const json = join(await fixture("sealed/tree-restorable-enc"), "expected-json/files.img.json");
    const files = (JSON.parse(await readFile(json, "utf8")) as { entries: { isk?: Plain }[] }).entries;
    // The program's end of a connection to port 8123 of itself.
    const sockets = files.flatMap(({ isk }) => (isk?.["dst_port"] === 8123 ? [isk["src_port"]] : []));
    const ports = (await entriesOf(image)).map((each) => {
      const tuple = each["CTA_TUPLE_ORIG"] as Record<string, Plain>;
      assert.deepEqual(tuple["CTA_TUPLE_IP"], { CTA_IP_V4_SRC: "127.0.0.1", CTA_IP_V4_DST: "127.0.0.1" });
      assert.equal(tuple["CTA_TUPLE_PROTO"]?.["CTA_PROTO_DST_PORT"], 8123);
      return tuple["CTA_TUPLE_PROTO"]["CTA_PROTO_SRC_PORT"];
    });
    assert.ok(sockets.length > 0);
    for (const port of sockets) assert.ok(ports.includes(Number(port)), String(port));
  });

  it("have the lines of the plain dump made a moment before", async () => {
    const textOf = async (path: string, options?: OpenImageOptions): Promise<string[]> =>
      (await entriesOf(await open("sealed/tree-restorable-enc", path, options))).map(({ text }) =>
        (text as string[]).join(""),
      );
    for (const name of ["iptables-10.img", "ip6tables-10.img"]) {
      const sealed = await textOf(`enc/${name}`, { seal: await seal() });
      const plain = await textOf(`plain/${name}`);
      // Counters and times differ.
      const settled = (lines: string[]): string[] =>
        lines.map((line) => line.replace(/\[\d+:\d+\]| on .*/, ""));
      assert.deepEqual(settled(sealed), settled(plain));
    }
  });

  it("show a message whose body was changed as one that can't be opened, and all others", async () => {
    const path = join(await fixture("sealed/tree-restorable-enc"), "enc/netns-ct-10.img");
    const bytes = Buffer.from(await readFile(path));
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    const image = await openImage("netns-ct-10.img", bufferSource(bytes), { seal: await seal() });
    await tiledSpans(image);
    assert.equal(image.entryCount, 2);
    const codes = [];
    for await (const { problems } of image.entries()) codes.push(problems.map(({ code }) => code));
    assert.deepEqual(codes, [["criu.recordBroken"], []]);
  });

  it("give the archive of a tmpfs in one piece", async () => {
    const image = await open("sealed/tree-restorable-enc", "enc/tmpfs-dev-89.tar.gz.img", {
      seal: await seal(),
    });
    assert.ok(image.rest.length > 1 && image.rest.every(({ format }) => format === "tar.gz"));
    const content = rawContent(image);
    assert.ok(content);
    const tree = await openNested(content, image.name);
    assert.ok((await tree.list("")).length > 0);
    assert.deepEqual(tree.problems, []);
    await tree.close();
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openTree } from "../../../src/archive/index.ts";
import { fixture } from "../fixtures.ts";
import { bytesAt, originsAt, PAGE, withMemoryOf } from "./support.ts";

const run = promisify(execFile);
const CODE = 0x402000n;

/** An OCI image layout of one layer that has the file `threads` of `root`. */
async function makeImage(folder: string, root: string): Promise<void> {
  const blobs = join(folder, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const keep = async (bytes: Buffer): Promise<{ readonly digest: string; readonly size: number }> => {
    const name = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(blobs, name), bytes);
    return { digest: `sha256:${name}`, size: bytes.length };
  };
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const type = (name: string): string => `application/vnd.oci.image.${name}`;
  const { stdout } = await run("tar", ["-C", root, "-cf", "-", "threads"], {
    encoding: "buffer",
    maxBuffer: 1 << 28,
  });
  const layer = await keep(stdout);
  const rootfs = { type: "layers", diff_ids: [layer.digest] };
  const config = await keep(json({ architecture: "amd64", os: "linux", rootfs, config: {} }));
  const manifest = await keep(
    json({
      schemaVersion: 2,
      mediaType: type("manifest.v1+json"),
      config: { ...config, mediaType: type("config.v1+json") },
      layers: [{ ...layer, mediaType: type("layer.v1.tar") }],
    }),
  );
  const manifests = [{ ...manifest, mediaType: type("manifest.v1+json") }];
  await writeFile(join(folder, "index.json"), json({ schemaVersion: 2, manifests }));
  await writeFile(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
}

describe("pages that a file backs", function () {
  this.timeout(60_000);
  let scratch: string;
  let elfcore: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "sysroot-"));
    elfcore = await fixture("memory/elfcore");
    await makeImage(join(scratch, "image"), join(elfcore, "root"));
    await run("tar", ["-C", join(scratch, "image"), "-cf", join(scratch, "image.tar"), "."]);
    // The same size, and one byte of its build id is another.
    const { stdout } = await run("readelf", ["-n", join(elfcore, "root/threads")]);
    const id = Buffer.from(/Build ID: ([0-9a-f]+)/.exec(stdout)?.[1] ?? "", "hex");
    const other = await readFile(join(elfcore, "root/threads"));
    const at = other.indexOf(id);
    assert.ok(id.length > 0 && at > 0);
    other[at] = (other[at] ?? 0) ^ 1;
    await mkdir(join(scratch, "other"));
    await writeFile(join(scratch, "other/threads"), other);
  });
  after(async () => {
    await rm(scratch, { recursive: true, force: true });
  });

  async function withRoot(
    path: string,
    use: (origins: readonly string[], bytes: Buffer) => Promise<void>,
  ): Promise<void> {
    const root = await openTree(path);
    try {
      await withMemoryOf(
        join(elfcore, "img"),
        async (memory) => {
          const space = await memory.space(1);
          await use(await originsAt(space, CODE, PAGE), await bytesAt(space, CODE, PAGE));
        },
        { root },
      );
    } finally {
      await root.close();
    }
  }

  for (const [what, path] of [
    ["a container image in a folder", "image"],
    ["a container image in an archive", "image.tar"],
  ] as const)
    it(`come out of ${what} that is named as sysroot`, () =>
      withRoot(join(scratch, path), async (origins, bytes) => {
        assert.deepEqual(origins, ["file"]);
        const program = await readFile(join(elfcore, "root/threads"));
        assert.ok(program.subarray(0x2000, 0x3000).equals(bytes));
      }));

  it("don't come out of a sysroot whose file has another build id", () =>
    withRoot(join(scratch, "other"), (origins) => {
      assert.deepEqual(origins, ["otherFile"]);
      return Promise.resolve();
    }));

  it("are not those of the vDSO, which was dumped, nor of vvar, which the kernel keeps", async () => {
    await withMemoryOf(join(elfcore, "img"), async (memory) => {
      const space = await memory.space(1);
      const [vdso, vvar] = (["vdso", "vvar"] as const).map((kind) =>
        space.areas.find((area) => area.kind === kind),
      );
      assert.ok(vdso && vvar);
      assert.equal((await bytesAt(space, vdso.start, 4)).toString("latin1"), "\x7fELF");
      assert.deepEqual(await originsAt(space, vdso.start, PAGE), ["dumped"]);
      assert.deepEqual(await originsAt(space, vvar.start, PAGE), ["kernel"]);
    });
  });
});

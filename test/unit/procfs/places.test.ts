// What the `cryoscope:` file system shows of a checkpoint, without VS Code.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import type { FileTree, TreeEntry } from "../../../src/archive/index.ts";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { checkpointPlaces } from "../../../src/vscode/checkpoint/files/checkpoint-places.ts";
import type { Place } from "../../../src/vscode/checkpoint/files/place.ts";
import { filesIn, linesWith } from "../../../src/vscode/checkpoint/files/search.ts";
import type { FoundLine } from "../../../src/vscode/checkpoint/files/search.ts";
import { treePlace } from "../../../src/vscode/checkpoint/files/tree-place.ts";
import { fixture } from "../fixtures.ts";

const LIMIT = 1 << 20;

async function withPlaces(name: string, path: string, use: (place: Place) => Promise<void>): Promise<void> {
  const checkpoint = await openCheckpoint(await openTree(join(await fixture(name), path)));
  const place = await checkpointPlaces(checkpoint);
  try {
    await use(place);
  } finally {
    await place.close();
    await checkpoint.close();
  }
}

const namesIn = async (place: Place, path: string): Promise<readonly string[]> =>
  (await place.list(path)).map(({ name }) => name);
const read = async (place: Place, path: string): Promise<string> =>
  Buffer.from(await place.read(path, LIMIT)).toString();

describe("the folders of a checkpoint", () => {
  for (const name of ["none", "gzip", "zstd"])
    it(`are made of what Podman exported (${name})`, async () => {
      const archive = { none: "checkpoint.tar", gzip: "checkpoint.tar.gz", zstd: "checkpoint.tar.zst" }[name];
      await withPlaces(`corpus/g-podman-${name}`, archive ?? "", async (place) => {
        const names = await namesIn(place, "");
        for (const folder of ["proc", "images", "archive", "config", "rootfs-diff", "tmpfs"])
          assert.ok(names.includes(folder), `${folder} in ${names.join(", ")}`);
        assert.ok((await namesIn(place, "images")).includes("pstree.img"));
        assert.match(await read(place, "config/spec.dump"), /"ociVersion"/);
        assert.match(await read(place, "proc/1/comm"), /\S\n/);
        assert.deepEqual(
          await place.read("images/pstree.img", LIMIT),
          await place.read("archive/checkpoint/pstree.img", LIMIT),
        );
      });
    });

  it("open archives in archives, those of volumes and tmpfs mounts too", () =>
    withPlaces("corpus/g-podman-none", "checkpoint.tar", async (place) => {
      const volumes = await namesIn(place, "volumes");
      assert.equal(volumes.length, 1);
      assert.ok((await namesIn(place, `volumes/${volumes[0]}`)).length > 0);
      for (const device of await namesIn(place, "tmpfs")) await place.list(`tmpfs/${device}`);
    }));

  it("have what the engine kept of /dev/shm apart", () =>
    withPlaces("corpus/g-node", "checkpoint.tar.zst", async (place) => {
      assert.ok((await namesIn(place, "")).includes("dev-shm"));
      // tar lists nothing but the folder itself.
      assert.deepEqual(await namesIn(place, "dev-shm"), []);
    }));

  it("have a folder in images for each older layer", () =>
    withPlaces("corpus/f-incremental", "", async (place) => {
      const names = await namesIn(place, "images");
      assert.ok(names.includes("parent-1") && names.includes("parent-2"), names.join(", "));
      assert.ok((await namesIn(place, "images/parent-2")).includes("inventory.img"));
      const older = await place.locate("images/parent-1/inventory.img");
      assert.match(older?.path ?? "", /inventory\.img$/);
    }));

  it("are searched for text and names, the images apart", () =>
    withPlaces("corpus/g-podman-none", "checkpoint.tar", async (place) => {
      const { signal } = new AbortController();
      const files: string[] = [];
      for await (const path of filesIn(place, signal)) files.push(path);
      for (const path of ["proc/1/maps", "proc/1/task/1/comm", "config/spec.dump"])
        assert.ok(files.includes(path), path);
      assert.ok(!files.some((path) => path.startsWith("images/") || path.startsWith("archive/")));
      const lines: FoundLine[] = [];
      for await (const line of linesWith(place, "path=", signal)) lines.push(line);
      const environ = lines.find(({ path }) => path === "proc/1/environ");
      assert.match(environ?.text ?? "", /^PATH=\/[^\0]*$/);
      const bytes = Buffer.from(await place.read("proc/1/environ", LIMIT)).toString();
      assert.ok(bytes.slice(environ?.column).startsWith("PATH="));
    }));

  it("can stop being searched", () =>
    withPlaces("corpus/g-podman-none", "checkpoint.tar", async (place) => {
      const controller = new AbortController();
      const search = linesWith(place, "a", controller.signal);
      await search.next();
      controller.abort();
      await assert.rejects(async () => {
        for await (const line of search) assert.ok(line);
      }, /abort/i);
    }));

  it("say that there is nothing where there is nothing", () =>
    withPlaces("corpus/g-podman-none", "checkpoint.tar", async (place) => {
      for (const path of ["nothing", "images/nothing", "proc/4711", "config/nothing", "volumes/nothing/x"])
        assert.equal(await place.stat(path), undefined, path);
      await assert.rejects(place.list("nothing"), /./);
    }));
});

/** A tree of links and small files in memory. */
function linkedTree(
  entries: Readonly<Record<string, { readonly link: string } | { readonly text: string }>>,
): FileTree {
  const stat = (path: string): TreeEntry | undefined => {
    const found = entries[path];
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (found === undefined)
      return Object.keys(entries).some((each) => each.startsWith(`${path}/`))
        ? { name, path, kind: "folder", size: 0 }
        : undefined;
    if ("link" in found) return { name, path, kind: "link", size: 0 };
    return { name, path, kind: "file", size: found.text.length };
  };
  return {
    name: "test",
    problems: [],
    list: () => Promise.resolve([]),
    stat: (path) => Promise.resolve(stat(path)),
    open: (path) => {
      const found = entries[path];
      return Promise.resolve(bufferSource(Buffer.from(found && "text" in found ? found.text : "")));
    },
    readLink: (path) => {
      const found = entries[path];
      return Promise.resolve(found && "link" in found ? found.link : "");
    },
    close: () => Promise.resolve(),
  };
}

describe("links of an archive that is shown as a folder", () => {
  const place = treePlace(
    linkedTree({
      "root/etc/motd": { text: "welcome" },
      "root/relative": { link: "etc/motd" },
      "root/deep/up": { link: "../etc/motd" },
      "root/absolute": { link: "/etc/motd" },
      "root/chain": { link: "relative" },
      "root/folder": { link: "etc" },
      "root/out": { link: "../secret" },
      "root/far": { link: "../../../../secret" },
      "root/dangling": { link: "nowhere" },
      "root/loop": { link: "loop2" },
      "root/loop2": { link: "loop" },
      "root/nul": { link: "a\0b" },
      secret: { text: "secret" },
    }),
    "root",
  );

  it("read as the file they lead to, absolute ones from the folder on", async () => {
    for (const path of ["relative", "deep/up", "absolute", "chain"]) {
      assert.equal(await read(place, path), "welcome", path);
      assert.deepEqual([(await place.stat(path))?.kind, (await place.stat(path))?.size], ["link", 7], path);
      assert.equal((await place.locate(path))?.path, "root/etc/motd", path);
    }
  });

  it("read as their text when they lead out, to a folder, in a circle or nowhere", async () => {
    const texts = {
      folder: "etc",
      out: "../secret",
      far: "../../../../secret",
      dangling: "nowhere",
      loop: "loop2",
      nul: "a\0b",
    };
    for (const [path, text] of Object.entries(texts)) {
      assert.equal(await read(place, path), text, path);
      assert.equal((await place.stat(path))?.size, text.length, path);
    }
  });

  it("are bounded in what is read of the file behind them", async () => {
    await assert.rejects(
      place.read("relative", 3),
      (error) => error instanceof CryoscopeError && error.code === "explorer.tooBig",
    );
  });
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withCheckpoint } from "./support.ts";

/** What these tests use of `checkpointctl inspect --all --format json`. */
interface Truth {
  readonly container_name: string;
  readonly image: string;
  readonly id: string;
  readonly runtime: string;
  readonly created: string;
  readonly engine: string;
  readonly checkpoint_size: {
    readonly total_size: number;
    readonly memory_pages_size: number;
    readonly root_fs_diff_size: number;
  };
  readonly statistics: Readonly<Record<string, number>>;
  readonly process_tree: TruthProcess;
  readonly file_descriptors: readonly {
    readonly pid: number;
    readonly open_files: readonly { readonly type: string; readonly fd: string; readonly path: string }[];
  }[];
  readonly mounts: readonly {
    readonly destination: string;
    readonly type: string;
    readonly source: string;
  }[];
}

interface TruthProcess {
  readonly pid: number;
  readonly command: string;
  readonly children?: readonly TruthProcess[];
}

async function readTruth(folder: string): Promise<Truth> {
  // checkpointctl's own shape, as internal/json.go there defines it.
  const [truth] = JSON.parse(await readFile(join(folder, "checkpointctl.json"), "utf8")) as readonly Truth[];
  assert(truth);
  return truth;
}

const EXPORTS = [
  ["corpus/g-podman-none", "checkpoint.tar"],
  ["corpus/g-podman-gzip", "checkpoint.tar.gz"],
  ["corpus/g-podman-zstd", "checkpoint.tar.zst"],
  ["corpus/g-native", "checkpoint.tar.zst"],
  ["corpus/g-user1000", "checkpoint.tar.zst"],
  ["corpus/g-node", "checkpoint.tar.zst"],
  // Without root file system and volumes, and left running.
  ["corpus/g-podman-leave", "checkpoint.tar"],
] as const;

describe("what an engine wrote of the container", () => {
  for (const [name, archive] of EXPORTS)
    it(`is what checkpointctl reads, in ${name}`, async () => {
      await withCheckpoint(name, archive, async ({ container, engine, criu, sizes }, folder) => {
        const truth = await readTruth(folder);
        assert.equal(engine.label, truth.engine);
        assert.equal(container.name, truth.container_name);
        assert.equal(container.image, truth.image);
        assert.equal(container.id, truth.id);
        assert.equal(container.runtime, truth.runtime);
        assert.deepEqual(sizes, {
          images: truth.checkpoint_size.total_size,
          pages: truth.checkpoint_size.memory_pages_size,
          gpuPages: 0,
          rootDifference: truth.checkpoint_size.root_fs_diff_size,
        });
        assert.equal(container.created?.replace(/\.\d+Z$/, "Z"), truth.created);
        assert.deepEqual(
          container.mounts.map(({ destination, type, source }) => ({ destination, type, source })),
          truth.mounts,
        );
        const { statistics } = criu;
        assert.equal(statistics?.freezingTime, truth.statistics["freezing_time"]);
        assert.equal(statistics?.frozenTime, truth.statistics["frozen_time"]);
        assert.equal(statistics?.memdumpTime, truth.statistics["memdump_time"]);
        assert.equal(statistics?.memwriteTime, truth.statistics["memwrite_time"]);
        assert.equal(Number(statistics?.pagesScanned), truth.statistics["pages_scanned"]);
        assert.equal(Number(statistics?.pagesWritten), truth.statistics["pages_written"]);
      });
    });

  for (const [name, archive] of EXPORTS)
    it(`agrees with checkpointctl on processes and their files, in ${name}`, async () => {
      await withCheckpoint(name, archive, async (checkpoint, folder) => {
        const truth = await readTruth(folder);
        const walk = (pid: number): TruthProcess => {
          const process = checkpoint.process(pid);
          assert(process);
          const children = process.children.map(walk);
          return { pid, command: process.comm, ...(children.length > 0 && { children }) };
        };
        assert.deepEqual(walk(1), withoutCommandLines(truth.process_tree));
        for (const { pid, open_files } of truth.file_descriptors) {
          const { value } = await checkpoint.openFiles(pid);
          const { cwd, root } = (await checkpoint.paths(pid)).value;
          // checkpointctl writes pipe[1] for what the kernel calls pipe:[1], and of kinds that it has no words for CRIU's id.
          const wordless = new Set(
            open_files.map(({ path }) => path).filter((path) => /^[A-Z]+\.\d+$/.test(path)),
          );
          const ours = value.map(({ type, fd, id, description }) => [
            `${type} ${fd}`,
            wordless.has(`${type}.${id}`) ? `${type}.${id}` : description.replace("pipe:[", "pipe["),
          ]);
          assert.deepEqual(
            [...ours, ["cwd", cwd], ["root", root]],
            open_files.map((file) => [file.fd, file.path]),
          );
        }
      });
    });

  it("is found in the images where Docker wrote nothing beside them", async () => {
    await withCheckpoint("corpus/g-docker-basic", "checkpoint", async ({ container, engine }, folder) => {
      const { Id, Config } = await dockerInspect(folder);
      assert.equal(engine.id, "docker");
      assert.equal(container.id, Id);
      assert.equal(container.hostname, Config.Hostname);
      assert.equal(container.name, undefined);
    });
  });

  it("is read from Docker's own record in the container's folder", async () => {
    await withCheckpoint("corpus/g-docker-basic", "", async ({ container, engine, layers }, folder) => {
      const { Id, Name, Config } = await dockerInspect(folder);
      assert.equal(engine.id, "docker");
      assert.equal(container.id, Id);
      assert.equal(`/${container.name}`, Name);
      assert.equal(container.image, Config.Image);
      assert.deepEqual(
        layers.map((layer) => layer.folder),
        ["checkpoint"],
      );
    });
  });

  it("is nothing for a bare dump", async () => {
    await withCheckpoint("corpus/a-single", "img", ({ container, engine, criu }) => {
      assert.equal(engine.id, "criu");
      assert.equal(container.id, undefined);
      // The corpus was dumped by it on this kind of machine.
      assert.equal(criu.architecture, "X86_64");
      assert.equal(criu.imageVersion, 2);
      return Promise.resolve();
    });
  });

  it("has CRIU's version from its log", async () => {
    // The log's own second line: Version: 4.0 (gitid 0).
    await withCheckpoint("sealed/tree-restorable-enc", "plain", ({ criu, container }) => {
      assert.equal(criu.version, "4.0");
      assert.equal(container.hostname, "criu-enc-host");
      return Promise.resolve();
    });
  });
});

describe("mounts of a checkpoint", () => {
  it("are those that crit decodes, parents before children", async () => {
    await withCheckpoint("corpus/ns-mnt", "img", async (checkpoint, folder) => {
      const text = await readFile(join(folder, "crit/mountpoints-13.img.json"), "utf8");
      // crit's JSON of mnt_entry.
      const { entries } = JSON.parse(text) as {
        readonly entries: readonly {
          readonly mnt_id: number;
          readonly parent_mnt_id: number;
          readonly mountpoint: string;
          readonly source: string;
          readonly root: string;
        }[];
      };
      const { value } = await checkpoint.mounts();
      assert.deepEqual(
        value.map(({ id, parentId, destination, source, root }) => [id, parentId, destination, source, root]),
        entries
          .toReversed()
          .map((mount) => [mount.mnt_id, mount.parent_mnt_id, mount.mountpoint, mount.source, mount.root]),
      );
    });
  });
});

interface DockerInspect {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Hostname: string; readonly Image: string };
}

async function dockerInspect(folder: string): Promise<DockerInspect> {
  const value: unknown = JSON.parse(await readFile(join(folder, "inspect.json"), "utf8"));
  // `docker inspect` prints a list, the API one object: the shape is Docker's either way.
  return (Array.isArray(value) ? value[0] : value) as DockerInspect;
}

function withoutCommandLines({ pid, command, children }: TruthProcess): TruthProcess {
  return { pid, command, ...(children && { children: children.map(withoutCommandLines) }) };
}

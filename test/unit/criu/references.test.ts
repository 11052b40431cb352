import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  findDefinition,
  findReferences,
  imageTypeByName,
  referenceOf,
  referenceOfImage,
  referenceOfMessage,
} from "../../../src/criu/index.ts";
import type { ImageSet, MessageNode, Place, Reference } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { readImage } from "./corpus.ts";

// Expected values are crit's JSON of the same images, and /proc of the process.

async function imagesOf(name: string): Promise<ImageSet> {
  const folder = join(await fixture(`corpus/${name}`), "img");
  return {
    names: (await readdir(folder)).toSorted(),
    use: async (file, work) => work(await readImage({ name: file, path: join(folder, file) })),
  };
}

async function crit<T>(name: string, file: string): Promise<readonly T[]> {
  const text = await readFile(join(await fixture(`corpus/${name}`), "crit", `${file}.json`), "utf8");
  return (JSON.parse(text) as { entries: readonly T[] }).entries;
}

/** The reference that the field at a path has: names and indexes from the first entry on. */
async function referenceAt(images: ImageSet, { file, path }: Place): Promise<Reference | undefined> {
  return images.use(file, async (image) => {
    const [, entry = "", ...steps] = /^entries\[(\d+)\]/.exec(path)
      ? [path, ...path.replace(/^entries\[(\d+)\]\.?/, "$1.").split(".")]
      : [];
    let parent: MessageNode = (await image.entry(Number(entry))).message;
    for (const step of steps.filter((each) => each !== "")) {
      const [, name = "", index] = /^(\w+)(?:\[(\d+)\])?$/.exec(step) ?? [];
      const field = parent.fields.find(
        (each) => each.name === name && (index === undefined || each.index === Number(index)),
      );
      assert.ok(field, `${path} has no ${step}`);
      if (typeof field.value !== "object" || !("kind" in field.value)) return referenceOf(field, parent);
      parent = field.value;
    }
    return referenceOfMessage(parent);
  });
}

async function definitionAt(images: ImageSet, file: string, path: string): Promise<Place | undefined> {
  const reference = await referenceAt(images, { file, path });
  assert.ok(reference, `${path} refers to nothing`);
  return findDefinition(reference, images, { file, path });
}

describe("going to what a field refers to", () => {
  it("leads from a descriptor to the file that /proc shows behind it", async () => {
    const images = await imagesOf("c-files");
    const root = await fixture("corpus/c-files");
    const [pid = ""] = await readdir(join(root, "proc"));
    const open = await readFile(join(root, "proc", pid, "fd.json"), "utf8");
    const fds = await crit<{ id: number; fd: number; type: string }>("c-files", "fdinfo-2.img");
    const files = await crit<{ id: number; reg?: { name: string } }>("c-files", "files.img");
    let regular = 0;
    for (const [at, { id, type }] of fds.entries()) {
      const place = await definitionAt(images, "fdinfo-2.img", `entries[${String(at)}].id`);
      const index = files.findIndex((file) => file.id === id);
      assert.deepEqual(place, { file: "files.img", path: `entries[${String(index)}]` });
      const name = files[index]?.reg?.name;
      if (type !== "REG" || name === undefined) continue;
      regular++;
      assert.ok(open.includes(name.split("/").at(-1) ?? "?"), name);
    }
    assert.ok(regular > 0);
  });

  it("leads from a task's ids to its descriptors, address space, working directory and signal actions", async () => {
    const images = await imagesOf("a-single");
    const ids = images.names.find((name) => name.startsWith("ids-")) ?? "";
    const pid = /\d+/.exec(ids)?.[0] ?? "";
    const [entry] = await crit<{ files_id: number }>("a-single", ids);
    const at = (field: string) => definitionAt(images, ids, `entries[0].${field}`);
    assert.deepEqual(await at("files_id"), { file: `fdinfo-${String(entry?.files_id)}.img`, path: "" });
    assert.deepEqual(await at("vm_id"), { file: `mm-${pid}.img`, path: "" });
    assert.deepEqual(await at("fs_id"), { file: `fs-${pid}.img`, path: "" });
    assert.deepEqual(await at("sighand_id"), {
      file: `core-${pid}.img`,
      path: "entries[0].tc.sigactions",
    });
  });

  it("leads from a mapping to its file, and from private memory nowhere", async () => {
    const images = await imagesOf("c-shmem");
    const mm = images.names.find((name) => name.startsWith("mm-")) ?? "";
    const [entry] = await crit<{ vmas: readonly { shmid: number; status: string }[] }>("c-shmem", mm);
    const files = await crit<{ id: number }>("c-shmem", "files.img");
    const seen = new Set<string>();
    for (const [at, { shmid, status }] of (entry?.vmas ?? []).entries()) {
      const path = `entries[0].vmas[${String(at)}].shmid`;
      if (/VMA_FILE/.test(status)) {
        const index = files.findIndex(({ id }) => id === shmid);
        const place = { file: "files.img", path: `entries[${String(index)}]` };
        assert.deepEqual(await definitionAt(images, mm, path), place);
        seen.add("file");
      } else {
        assert.equal(await referenceAt(images, { file: mm, path }), undefined);
        seen.add("private");
      }
    }
    assert.deepEqual([...seen].toSorted(), ["file", "private"]);
  });

  it("leads to shared memory from the memory file that has it, and from a System V mapping", async () => {
    const memfd = await imagesOf("c-shmem");
    const [inode] = await crit<{ shmid: number }>("c-shmem", "memfd.img");
    assert.deepEqual(await definitionAt(memfd, "memfd.img", "entries[0].shmid"), {
      file: `pagemap-shmem-${String(inode?.shmid)}.img`,
      path: "",
    });
    const sysv = await imagesOf("c-sysv");
    const mm = sysv.names.find((name) => name.startsWith("mm-")) ?? "";
    const shm = sysv.names.find((name) => name.startsWith("ipcns-shm-")) ?? "";
    const [entry] = await crit<{ vmas: readonly { shmid: number; status: string }[] }>("c-sysv", mm);
    const segments = await crit<{ desc: { id: number } }>("c-sysv", shm);
    const mapped = (entry?.vmas ?? []).flatMap(({ shmid, status }, at) =>
      status.includes("SYSVIPC") ? [{ shmid, at }] : [],
    );
    assert.ok(mapped.length > 0);
    for (const { shmid, at } of mapped) {
      const index = segments.findIndex(({ desc }) => desc.id === shmid);
      const place = { file: shm, path: `entries[${String(index)}].desc` };
      assert.deepEqual(await definitionAt(sysv, mm, `entries[0].vmas[${String(at)}].shmid`), place);
    }
  });

  it("leads from a process to its core image, and from the core image back", async () => {
    const images = await imagesOf("b-threads50");
    const [process] = await crit<{ pid: number; threads: readonly number[] }>("b-threads50", "pstree.img");
    assert.ok(process);
    const core = `core-${String(process.pid)}.img`;
    assert.deepEqual(await definitionAt(images, "pstree.img", "entries[0].pid"), { file: core, path: "" });
    const thread = await definitionAt(images, "pstree.img", "entries[0].threads[7]");
    assert.deepEqual(thread, { file: `core-${String(process.threads[7])}.img`, path: "" });
    const back = referenceOfImage(imageTypeByName(core), core);
    assert.ok(back);
    assert.deepEqual(await findDefinition(back, images, { file: core, path: "entries[0]" }), {
      file: "pstree.img",
      path: "entries[0]",
    });
  });

  it("leads from a thread to its seccomp filter", async () => {
    const images = await imagesOf("c-seccomp");
    const core = images.names.filter((name) => name.startsWith("core-"));
    for (const file of core) {
      const [entry] = await crit<{ thread_core: { seccomp_filter: number } }>("c-seccomp", file);
      const index = entry?.thread_core.seccomp_filter;
      const place = { file: "seccomp.img", path: `entries[0].seccomp_filters[${String(index)}]` };
      assert.deepEqual(await definitionAt(images, file, "entries[0].thread_core.seccomp_filter"), place);
    }
  });

  it("leads from a deleted file to its ghost, whose name is hexadecimal", async () => {
    const images = await imagesOf("c-ghost");
    const remaps = await crit<{ remap_id: number; remap_type?: string }>("c-ghost", "remap-fpath.img");
    for (const [at, { remap_id, remap_type }] of remaps.entries()) {
      if (remap_type !== "GHOST") continue;
      const place = await definitionAt(images, "remap-fpath.img", `entries[${String(at)}].remap_id`);
      assert.equal(place?.file, `ghost-file-${remap_id.toString(16)}.img`);
    }
  });

  it("leads from a mount to its parent, and from a namespace's id to its image", async () => {
    const images = await imagesOf("ns-mnt");
    const file = images.names.find((name) => name.startsWith("mountpoints-")) ?? "";
    const mounts = await crit<{ mnt_id: number; parent_mnt_id: number }>("ns-mnt", file);
    let known = 0;
    for (const [at, { parent_mnt_id }] of mounts.entries()) {
      const index = mounts.findIndex(({ mnt_id }) => mnt_id === parent_mnt_id);
      const expected = index < 0 ? undefined : { file, path: `entries[${String(index)}]` };
      known += index < 0 ? 0 : 1;
      const place = await definitionAt(images, file, `entries[${String(at)}].parent_mnt_id`);
      assert.deepEqual(place, index === at ? undefined : expected);
    }
    assert.ok(known > 0);
    const place = await definitionAt(images, "ids-1.img", "entries[0].mnt_ns_id");
    assert.deepEqual(place, { file, path: "" });
    assert.equal(await definitionAt(images, "ids-1.img", "entries[0].user_ns_id"), undefined);
  });
});

describe("finding who refers to a thing", () => {
  it("finds every number that crit prints for an open file", async () => {
    const images = await imagesOf("c-files");
    const files = await crit<{ id: number }>("c-files", "files.img");
    const texts = new Map<string, unknown>();
    for (const name of images.names)
      if (/^(fdinfo|mm|fs|files|remap)/.test(name)) texts.set(name, await crit("c-files", name));
    for (const { id } of files) {
      const expected = [...texts].flatMap(([file, json]) => idsOf(json, id).map((path) => `${file} ${path}`));
      const found: string[] = [];
      for await (const { file, path } of findReferences({ space: "file", key: BigInt(id) }, images))
        found.push(`${file} ${path}`);
      assert.deepEqual(found.toSorted(), expected.toSorted());
    }
  });

  it("says how far it is, stops at the signal, and goes on after an image that can't be read", async () => {
    const images = await imagesOf("c-files");
    const failing: ImageSet = {
      names: images.names,
      use: (name, work) =>
        name.startsWith("fs-") ? Promise.reject(new Error("unreadable")) : images.use(name, work),
    };
    const steps: number[] = [];
    const failures: string[] = [];
    let count = 0;
    for await (const _ of findReferences({ space: "pid", key: 1n }, images, {
      progress: (done, of) => steps.push(done / of),
    }))
      count++;
    assert.equal(steps.at(-1), 1);
    assert.ok(count >= 0);
    const options = { failed: (file: string) => failures.push(file) };
    for await (const _ of findReferences({ space: "file", key: 1n }, failing, options)) count++;
    assert.equal(failures.length, 1);
    const stopped = findReferences({ space: "file", key: 1n }, images, { signal: AbortSignal.abort() });
    await assert.rejects(stopped.next(), { name: "AbortError" });
  });
});

/** Fields that crit prints with an open file's id, by what criu/*.c puts into them. */
const FILE_FIELDS = /^(id|cwd_id|root_id|exe_file_id|orig_id|regf_id)$/;

function idsOf(json: unknown, id: number): string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: string, name: string): void => {
    if (typeof value === "number" && value === id && FILE_FIELDS.test(name)) paths.push(path);
    else if (Array.isArray(value))
      for (const [at, each] of value.entries()) walk(each, `${path}[${String(at)}]`, name);
    else if (typeof value === "object" && value !== null) {
      const isFile = /VMA_FILE/.test(String((value as { status?: unknown }).status));
      for (const [key, each] of Object.entries(value))
        if (key === "shmid" && isFile && each === id) paths.push(`${path}.${key}`);
        else walk(each, `${path}.${key}`, key);
    }
  };
  walk(json, "entries", "");
  return paths;
}

// Dumps as CRIU before 3.0 wrote them: an image for each kind of file, credentials, limits, timers and signals in images
// of their own. Made here from today's by crit's JSON, whose parts are the same.
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { encodeImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { readCrit } from "./support.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The member of the union, the image it was in, and what crit calls that. */
const FILE_IMAGES = [
  ["reg", "reg-files.img", "REG_FILES"],
  ["isk", "inetsk.img", "INETSK"],
  ["nlsk", "netlinksk.img", "NETLINK_SK"],
  ["efd", "eventfd.img", "EVENTFD_FILE"],
  ["epfd", "eventpoll.img", "EVENTPOLL_FILE"],
  ["sgfd", "signalfd.img", "SIGNALFD"],
  ["tfd", "timerfd.img", "TIMERFD"],
  ["ify", "inotify.img", "INOTIFY_FILE"],
  ["ffy", "fanotify.img", "FANOTIFY_FILE"],
  ["usk", "unixsk.img", "UNIXSK"],
  ["pipe", "pipes.img", "PIPES"],
  ["fifo", "fifo.img", "FIFO"],
  ["tty", "tty.img", "TTY_FILES"],
] as const;

/** Elements of files that had an image of their own. */
const ELEMENTS: readonly (readonly [member: string, field: string, file: string, magic: string])[] = [
  ["epfd", "tfd", "eventpoll-tfd.img", "EVENTPOLL_TFD"],
  ["ify", "wd", "inotify-wd.img", "INOTIFY_WD"],
  ["ffy", "mark", "fanotify-mark.img", "FANOTIFY_MARK"],
];

const asFields = (value: unknown): Fields => value as Fields; // crit's JSON, whose shapes are those of the images.
const listOf = (value: unknown): readonly Fields[] => (value ?? []) as readonly Fields[];

async function critEntries(folder: string, image: string): Promise<readonly Fields[]> {
  return listOf(asFields(await readCrit(join(folder, "crit", `${image}.json`)))["entries"]);
}

async function write(images: string, file: string, magic: string, entries: readonly Fields[]): Promise<void> {
  if (entries.length === 0) return;
  await writeFile(join(images, file), Buffer.concat([...encodeImage(JSON.stringify({ magic, entries }))]));
}

/** Writes what was in files.img into the images of old. */
async function ageFiles(folder: string, images: string): Promise<void> {
  const files = await critEntries(folder, "files.img");
  await rm(join(images, "files.img"));
  for (const [member, file, magic] of FILE_IMAGES) {
    const bodies = files.flatMap((entry) => (entry[member] === undefined ? [] : [asFields(entry[member])]));
    const element = ELEMENTS.find(([of]) => of === member);
    if (element) {
      const [, field, elementFile, elementMagic] = element;
      const elements = bodies.flatMap((body) =>
        listOf(body[field]).map((each) => ({ ...each, id: body["id"] })),
      );
      await write(images, elementFile, elementMagic, elements);
    }
    await write(
      images,
      file,
      magic,
      element ? bodies.map((body) => ({ ...body, [element[1]]: undefined })) : bodies,
    );
  }
}

const without = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => !names.includes(name) && value !== undefined),
  );

/** Writes what is in core, mm and fdinfo images of today into those of old. */
async function ageProcess(folder: string, images: string, pid: number): Promise<void> {
  const [core] = await critEntries(folder, `core-${pid}.img`);
  assert(core);
  const tc = asFields(core["tc"]);
  const thread = asFields(core["thread_core"]);
  const timers = asFields(tc["timers"]);
  await write(images, `creds-${pid}.img`, "CREDS", [asFields(thread["creds"])]);
  await write(images, `sigacts-${pid}.img`, "SIGACT", listOf(tc["sigactions"]));
  await write(images, `rlimit-${pid}.img`, "RLIMIT", listOf(asFields(tc["rlimits"])["rlimits"]));
  await write(images, `itimers-${pid}.img`, "ITIMERS", [
    asFields(timers["real"]),
    asFields(timers["virt"]),
    asFields(timers["prof"]),
  ]);
  await write(images, `posix-timers-${pid}.img`, "POSIX_TIMERS", listOf(timers["posix"]));
  await write(images, `signal-s-${pid}.img`, "SIGNAL", listOf(asFields(tc["signals_s"] ?? {})["signals"]));
  await write(
    images,
    `signal-p-${pid}.img`,
    "SIGNAL",
    listOf(asFields(thread["signals_p"] ?? {})["signals"]),
  );
  await write(images, `core-${pid}.img`, "CORE", [
    {
      ...core,
      tc: without(tc, "sigactions", "rlimits", "timers", "signals_s"),
      thread_core: without(thread, "creds", "signals_p"),
    },
  ]);
  const [mm] = await critEntries(folder, `mm-${pid}.img`);
  assert(mm);
  await write(images, `vmas-${pid}.img`, "VMAS", listOf(mm["vmas"]));
  await write(images, `mm-${pid}.img`, "MM", [without(mm, "vmas")]);
  const [ids] = await critEntries(folder, `ids-${pid}.img`);
  await rename(join(images, `fdinfo-${String(ids?.["files_id"])}.img`), join(images, `fdinfo-${pid}.img`));
}

async function everything(images: string): Promise<unknown> {
  const tree = await openTree(images);
  const checkpoint = await openCheckpoint(tree);
  try {
    assert.deepEqual(checkpoint.problems, []);
    return await read(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

async function read(checkpoint: Checkpoint): Promise<unknown> {
  const processes = [];
  for (const { pid } of checkpoint.processes)
    processes.push({
      files: await checkpoint.openFiles(pid),
      map: await checkpoint.memoryMap(pid),
      details: await checkpoint.details(pid),
      threads: await checkpoint.threads(pid),
      paths: await checkpoint.paths(pid),
    });
  return processes;
}

describe("a dump of a CRIU before 3.0", () => {
  for (const name of [
    "c-eventpoll",
    "c-files",
    "c-inotify",
    "c-netlink",
    "c-signals",
    "c-timers",
    "c-udp",
    "c-unix",
  ])
    it(`shows the same as one of today, for ${name}`, async () => {
      const folder = await fixture(`corpus/${name}`);
      const images = await mkdtemp(join(tmpdir(), "cryoscope-legacy-"));
      try {
        await cp(join(folder, "img"), images, { recursive: true });
        await ageFiles(folder, images);
        const cores = (await readdir(images)).flatMap((file) => /^core-(\d+)\.img$/.exec(file)?.[1] ?? []);
        for (const pid of cores) await ageProcess(folder, images, Number(pid));
        const [inventory] = await critEntries(folder, "inventory.img");
        assert(inventory);
        await write(images, "inventory.img", "INVENTORY", [without(inventory, "fdinfo_per_id")]);
        assert.deepEqual(await everything(images), await everything(join(folder, "img")));
      } finally {
        await rm(images, { recursive: true });
      }
    });
});

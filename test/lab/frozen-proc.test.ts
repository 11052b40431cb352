// The frozen /proc against the live one of the same moment: a program with a bit of everything, and a container.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../src/checkpoint/index.ts";
import { differencesOf, openProcFs } from "../../src/procfs/index.ts";
import type { ProcFs } from "../../src/procfs/index.ts";
import { assertSame, mayBeAbsent, text } from "../unit/procfs/support.ts";
import { inLab } from "./namespaces.ts";
import { LAB_IMAGES, LAB_SHARE } from "./sockets.ts";

/** Runs a script in the lab; gives what it prints. */
function inside(script: string): string {
  const [file, args] = inLab(["sh", "-euc", script]);
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "latin1", maxBuffer: 64 << 20 });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Compares one saved file with the frozen one; one that isn't there must be documented to be missing. */
async function compare(proc: ProcFs, kind: string, path: string, live: string): Promise<void> {
  if ((await proc.stat(path)) === undefined) assert.ok(mayBeAbsent(kind), `${path} is missing, undocumented`);
  else assertSame(kind, live, await text(proc, path), path);
}

describe("the frozen /proc of a process with a bit of everything", () => {
  const folder = join(LAB_SHARE, `frozen-proc-${process.pid}`);
  let checkpoint: Checkpoint;
  let proc: ProcFs;

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    inside(`sh /project/test/lab/programs/freeze-with-proc.sh ${folder}`);
    checkpoint = await openCheckpoint(await openTree(join(folder, "images")));
    proc = openProcFs(checkpoint);
  });
  after(async () => {
    await checkpoint?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const saved = (...path: readonly string[]): string => join(folder, "proc", ...path);
  const pids = async (): Promise<readonly string[]> =>
    (await readdir(saved())).filter((name) => /^\d+$/.test(name));
  const tasks = async (): Promise<readonly string[]> => {
    const all: string[] = [];
    for (const pid of await pids()) {
      all.push(pid);
      for (const tid of await readdir(saved(pid, "task"))) all.push(`${pid}/task/${tid}`);
    }
    return all;
  };

  it("has the processes and threads that were there", async () => {
    const frozen = (await proc.list("")).map(({ name }) => name).filter((name) => /^\d+$/.test(name));
    assert.deepEqual(frozen.toSorted(), (await pids()).toSorted());
    for (const pid of await pids()) {
      const threads = (await proc.list(`${pid}/task`)).map(({ name }) => name);
      assert.deepEqual(threads.toSorted(), (await readdir(saved(pid, "task"))).toSorted());
    }
  });

  /** What the documentation calls the files of a thread that isn't the leader, and all others. */
  const kindOf = (task: string): string => (/^(\d+)\/task\/(?!\1$)/.test(task) ? "PID/task/TID" : "PID");

  it("has their files as they were", async () => {
    for (const task of await tasks())
      for (const entry of await readdir(saved(task), { withFileTypes: true }))
        if (entry.isFile() && !["cwd", "exe", "root"].includes(entry.name))
          await compare(
            proc,
            `${kindOf(task)}/${entry.name}`,
            `${task}/${entry.name}`,
            await readFile(saved(task, entry.name), "latin1"),
          );
  });

  it("has their descriptors and paths as they were", async () => {
    for (const task of await tasks()) {
      const fds = await readdir(saved(task, "fd"));
      assert.deepEqual((await proc.list(`${task}/fd`)).map(({ name }) => name).toSorted(), fds.toSorted());
      for (const fd of fds) {
        const link = await text(proc, `${task}/fd/${fd}`);
        // The inode of a packet socket is not dumped: the number is CRIU's own.
        if (await isPacketSocket(task, Number(fd))) assert.match(link, /^socket:\[\d+\]$/);
        else assert.equal(link, await target(task, "fd", fd));
        const live = await readFile(saved(task, "fdinfo", fd), "latin1");
        assertSame("PID/fdinfo/N", live, await text(proc, `${task}/fdinfo/${fd}`), `${task}/fdinfo/${fd}`);
      }
      for (const name of ["cwd", "exe", "root"])
        assert.equal(await text(proc, `${task}/${name}`), await target(task, name));
    }
  });
  async function isPacketSocket(task: string, fd: number): Promise<boolean> {
    const { value } = await checkpoint.openFiles(Number.parseInt(task, 10));
    return value.some((file) => file.fd === fd && file.detail?.kind === "packet");
  }
  const target = async (...path: readonly string[]): Promise<string> =>
    (await readFile(saved(...path), "latin1")).replace(/\n$/, "");

  it("has its network namespace as it was", async () => {
    const [main = 0] = checkpoint.roots;
    for (const name of await readdir(saved(`${main}/net`))) {
      const live = await readFile(saved(`${main}/net/${name}`), "latin1");
      // The kernel has netlink sockets of its own in every network namespace.
      if (name === "netlink") compareSome(live, await text(proc, `${main}/net/netlink`));
      else await compare(proc, `PID/net/${name}`, `${main}/net/${name}`, live);
    }
    assert.match(await text(proc, `${main}/net/tcp`), /0100007F:1F91 00000000:0000 0A/);
  });

  it("has the settings of its network namespace as they were, each under its own name", async () => {
    const compared: string[] = [];
    const walk = async (path: string): Promise<void> => {
      for (const entry of await readdir(saved("sys", path), { withFileTypes: true })) {
        const inner = `${path}/${entry.name}`;
        if (entry.isDirectory()) await walk(inner);
        // CRIU doesn't dump all of them; what it dumps must be the same.
        else if ((await proc.stat(`sys/${inner}`)) !== undefined) {
          const live = await readFile(saved("sys", inner), "latin1");
          assert.equal(await text(proc, `sys/${inner}`), live, inner);
          compared.push(inner);
        }
      }
    };
    await walk("net");
    // 30 for IPv4 and 41 for IPv6 of each device: criu/net.c.
    assert.ok(compared.filter((path) => path.includes("/ice1/")).length >= 71, String(compared.length));
    assert.ok(compared.includes("net/ipv4/ping_group_range") && compared.includes("net/unix/max_dgram_qlen"));
  });

  it("has the packet sockets that /proc/net/packet had", async () => {
    const [main = 0] = checkpoint.roots;
    const live = (await readFile(saved(`${main}/net/packet`), "latin1"))
      .split("\n")
      .slice(1)
      .filter((line) => line !== "")
      .map((line) => line.trim().split(/\s+/));
    const { value } = await checkpoint.openFiles(main);
    const frozen = value.flatMap(({ detail }) => (detail?.kind === "packet" ? [detail] : []));
    const types = { RAW: "3", DGRAM: "2" } as const;
    assert.deepEqual(
      frozen.map(({ type, protocol, interfaceIndex }) => [
        types[type as keyof typeof types],
        protocol.toString(16).padStart(4, "0"),
        String(interfaceIndex),
      ]),
      live.map(([, , type, protocol, device]) => [type, protocol, device]),
    );
    // furnished.py gave it this ring.
    assert.deepEqual(frozen[0]?.receiveRing, {
      blockSize: 4096,
      blocks: 4,
      frameSize: 2048,
      frames: 8,
      retireTimeout: 0,
    });
  });

  /** The frozen lines must be among the live ones. */
  function compareSome(live: string, frozen: string): void {
    const comparable = differencesOf("PID/net/netlink");
    const lines = comparable(frozen).split("\n");
    assert.equal(lines.length, 3, "the header, one socket, and what follows the last line break");
    for (const line of lines) assert.ok(comparable(live).split("\n").includes(line), line);
  }

  it("has the host name, SysV objects and limits of its namespaces as they were", async () => {
    for (const name of [
      "sysvipc/shm",
      "sysvipc/msg",
      "sysvipc/sem",
      "sys/kernel/hostname",
      "sys/kernel/domainname",
      "sys/kernel/shmmax",
      "sys/kernel/msgmni",
      "sys/kernel/shm_rmid_forced",
    ])
      await compare(proc, name, name, await readFile(saved(name), "latin1"));
    assert.match(await text(proc, "sysvipc/shm"), /\n *4660 /);
  });

  it("has its locks among all that there were", async () => {
    const lines = async (live: string): Promise<readonly string[]> =>
      live
        .replaceAll(/^\d+: /gm, "")
        .replaceAll(/ [0-9a-f]{2,}:[0-9a-f]{2,}:\d+ /g, " * ")
        .split("\n")
        .filter((line) => line !== "");
    const all = await lines(await readFile(saved("locks"), "latin1"));
    const frozen = await lines(await text(proc, "locks"));
    assert.equal(frozen.length, 2);
    for (const lock of frozen) assert.ok(all.includes(lock), lock);
  });
});

describe("the frozen /proc of a container", () => {
  const name = "lab-frozen-proc";
  const archive = join(LAB_SHARE, `frozen-proc-${process.pid}.tar`);
  let checkpoint: Checkpoint;
  let proc: ProcFs;
  const live = new Map<string, string>();

  before(async function () {
    this.timeout(120_000);
    inside(
      `podman run --detach --network none --hostname coldroom --tmpfs /scratch:size=1m --env 'COLOUR=ice blue' --name ${name} ${LAB_IMAGES.busybox} sh -c 'cd /scratch; umask 077; exec sleep 3600'`,
    );
    for (const file of [
      "cmdline",
      "environ",
      "limits",
      "maps",
      "mountinfo",
      "mounts",
      "mountstats",
      "stat",
      "statm",
      "status",
      "comm",
      "timers",
      "uid_map",
      "personality",
    ])
      live.set(file, inside(`podman exec ${name} cat /proc/1/${file}`));
    live.set("hostname", inside(`podman exec ${name} cat /proc/sys/kernel/hostname`));
    inside(`podman container checkpoint --leave-running --compress none --export ${archive} ${name}`);
    checkpoint = await openCheckpoint(await openTree(archive));
    proc = openProcFs(checkpoint);
  });
  after(async () => {
    await checkpoint?.close();
    inside(`podman rm --force --time 0 ${name}`);
    if (existsSync(archive)) await rm(archive);
  });

  it("has the files of its first process as they were seen inside", async () => {
    for (const [file, text] of live)
      if (file !== "hostname") await compare(proc, `PID/${file}`, `1/${file}`, text);
  });

  it("has its host name", async () => {
    assert.equal(await text(proc, "sys/kernel/hostname"), live.get("hostname"));
  });
});

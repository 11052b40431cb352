import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine, explainCriuLog, preflight } from "../../src/engine/index.ts";
import type { Container, Engine, PreflightRow } from "../../src/engine/index.ts";
import {
  connected,
  connectLab,
  countedAtLeast,
  freePort,
  removeContainer,
  startContainer,
  until,
} from "./engine-helpers.ts";
import { labMachine, labOutput, labStart, sharedFolder } from "./engine-machine.ts";

/** Python programs that have what CRIU refuses. `F` is a folder of the test; each prints nothing and sleeps. */
const REFUSED: readonly [code: string, what: string, program: string][] = [
  ["ioUring", "an io_uring", "keep = libc.syscall(425, 4, ctypes.create_string_buffer(120))"],
  [
    "bpf",
    "a BPF map",
    "attr = struct.pack('IIII', 2, 4, 4, 1) + bytes(112)\nkeep = libc.syscall(321, 0, attr, len(attr))",
  ],
  ["anonInode", "a userfaultfd", "keep = libc.syscall(323, os.O_CLOEXEC)"],
  [
    "unknownMount",
    "a POSIX message queue",
    "keep = libc.mq_open(b'/cryoscope', os.O_CREAT | os.O_RDWR, 0o600, None)",
  ],
  [
    "fileLocks",
    "a file lock",
    "keep = open(F + '/lock', 'w')\nimport fcntl\nfcntl.flock(keep, fcntl.LOCK_EX)",
  ],
  [
    "linkRemap",
    "a deleted name with another link",
    "keep = open(F + '/one', 'w')\nos.link(F + '/one', F + '/two')\nos.unlink(F + '/one')",
  ],
  [
    "ghostLimit",
    "a large deleted file",
    "keep = open(F + '/big', 'wb')\nkeep.write(b'x' * (2 << 20))\nkeep.flush()\nos.unlink(F + '/big')",
  ],
  [
    "tcpEstablished",
    "a TCP connection",
    "import socket\na = socket.create_server(('127.0.0.1', 0))\nb = socket.create_connection(a.getsockname())\nc = a.accept()",
  ],
  ["tunNamespace", "a TUN device", "keep = open('/dev/net/tun', 'r+b', buffering=0)"],
  [
    "nestedNamespace",
    "a child in another IPC namespace",
    "if os.fork() == 0:\n  libc.unshare(0x08000000)\n  while True: time.sleep(1)\ntime.sleep(0.2)",
  ],
  [
    "sysvOutside",
    "the machine's shared memory",
    "libc.shmat.restype = ctypes.c_void_p\nkeep = libc.shmget(0, 4096, 0o1600)\nlibc.shmat(keep, None, 0)\nlibc.shmctl(keep, 0, None)",
  ],
];

/** The same for what is one process with its other half outside: the parent goes on, the child is frozen. */
const OUTSIDE: readonly [code: string, what: string, program: string][] = [
  ["tty", "a terminal of its parent", "import pty\npid, keep = pty.fork()\nif pid == 0: freeze()"],
  [
    "externalUnix",
    "a Unix socket to its parent",
    "import socket\na, b = socket.socketpair()\nif os.fork() == 0:\n  a.close()\n  os.setsid()\n  freeze()\nb.close()",
  ],
];

const PROGRAM = `import ctypes, os, struct, sys, time
libc = ctypes.CDLL(None)
F = sys.argv[1]
def freeze():
  open(F + '/pid', 'w').write(str(os.getpid()))
  while True: time.sleep(1)
`;

describe("the preflight in the lab", () => {
  let criu: Engine;
  let folder: string;

  before(async () => {
    criu = await connectEngine("criu://", { machine: labMachine() });
  });
  beforeEach(async () => {
    folder = await sharedFolder();
  });
  afterEach(async () => {
    for (const one of await criu.list())
      if (one.command.includes(folder)) await criu.remove(one.id).catch(() => undefined);
    await rm(folder, { recursive: true });
  });

  async function start(program: string): Promise<Container> {
    await writeFile(join(folder, "program.py"), PROGRAM + program);
    const own = 'exec setsid --fork python3 "$0" "$1" </dev/null >/dev/null 2>&1';
    await labStart("sh", "-c", own, join(folder, "program.py"), folder);
    const pid = await until(
      async () => (await readFile(join(folder, "pid"), "utf8").catch(() => "")) || undefined,
    );
    return criu.inspect(pid);
  }

  const check = (id: string, target?: string): Promise<readonly PreflightRow[]> =>
    preflight(criu, id, { machine: labMachine(), ...(target !== undefined && { target }) });
  const notFine = (rows: readonly PreflightRow[]): readonly string[] =>
    rows.filter(({ outcome }) => outcome !== "fine").map(({ code }) => code);

  it("finds nothing in a process that CRIU freezes", async () => {
    const { id } = await start("freeze()");
    const rows = await check(id, join(folder, "target"));
    assert.deepEqual(
      rows.filter(({ outcome }) => outcome !== "fine" && outcome !== "warns"),
      [],
    );
    assert.ok(rows.length >= 20, String(rows.length));
    await criu.checkpoint(id, { name: "fine", leaveRunning: true, folder: join(folder, "target") });
  });

  for (const [code, what, program] of [
    ...REFUSED.map(([one, two, lines]) => [one, two, `${lines}\nfreeze()`] as const),
    ...OUTSIDE.map(([one, two, lines]) => [one, two, `${lines}\nwhile True: time.sleep(1)`] as const),
  ])
    it(`foresees that CRIU refuses ${what}`, async () => {
      const { id } = await start(program);
      const rows = await check(id);
      const row = rows.find((one) => one.code === code);
      assert.equal(row?.outcome, "stops", JSON.stringify(rows));
      assert.ok(row.sentence.includes("python3"), row.sentence);
      const target = join(folder, "target");
      await assert.rejects(criu.checkpoint(id, { name: "refused", leaveRunning: true, folder: target }), {
        code: "engine.criuRefused",
      });
      const log = await readFile(`${target}.dump.log`, "utf8");
      assert.notEqual(explainCriuLog(log)?.cause, undefined, explainCriuLog(log)?.line);
    });

  it("finds a tracer", async () => {
    const { id, status } = await start("freeze()");
    const pid = status.replace("process ", "");
    await rm(join(folder, "pid"));
    await start(`libc.ptrace(0x4206, ${pid}, None, None)\nfreeze()`);
    assert.deepEqual(notFine(await check(id)).slice(0, 1), ["traced"]);
  });

  it("finds devices by their names", async () => {
    // No such hardware is needed to have such a name open; the numbers are those of /dev/null.
    await labOutput("sh", "-c", "for d in nvidia0 sgx_enclave; do mknod /dev/$d c 1 3; done");
    try {
      const { id } = await start("a, b = open('/dev/nvidia0'), open('/dev/sgx_enclave')\nfreeze()");
      const rows = await check(id);
      assert.equal(rows.find(({ code }) => code === "gpu")?.outcome, "warns");
      assert.equal(rows.find(({ code }) => code === "sgx")?.outcome, "stops");
    } finally {
      await labOutput("rm", "-f", "/dev/nvidia0", "/dev/sgx_enclave");
    }
  });

  it("finds that the disk is too small", async () => {
    await labOutput("sh", "-c", "mkdir -p /run/small; mount -t tmpfs -o size=1m tmpfs /run/small");
    try {
      const { id } = await start("freeze()");
      const { procfs } = labMachine();
      const rows = await check(id, `${procfs}/1/root/run/small/target`);
      assert.equal(rows.find(({ code }) => code === "noSpace")?.outcome, "stops");
    } finally {
      await labOutput("umount", "/run/small");
    }
  });

  for (const kind of ["docker", "podman"] as const)
    it(`looks into a container of ${kind} from outside its namespaces`, async () => {
      const name = `cryoscope-preflight-${kind}`;
      const engine = await connectLab(kind);
      try {
        const { id } = await startContainer(engine, kind, name, { command: connected(await freePort()) });
        await countedAtLeast(kind, name, 1);
        const rows = await preflight(engine, id);
        const row = rows.find(({ code }) => code === "tcpEstablished");
        assert.equal(row?.outcome, "stops");
        assert.match(row.sentence, /nc \(\d+\)/);
        assert.equal(row.switch, kind === "podman" ? "tcpEstablished" : undefined);
        assert.equal(rows.find(({ code }) => code === "tty")?.outcome, "fine");
        const kept = await preflight(engine, id, { switches: { tcpEstablished: true } });
        assert.equal(kept.find(({ code }) => code === "tcpEstablished")?.outcome, "fine");
      } finally {
        await removeContainer(kind, name);
      }
    });

  it("finds a stopped process of a container, for which CRIU would wait with cgroup v1", async () => {
    const name = "cryoscope-preflight-stopped";
    const engine = await connectLab("podman");
    const machine = labMachine();
    const cgroups = await sharedFolder();
    try {
      const command = ["sh", "-c", "sleep 1000 & sleep 0.3; kill -STOP $!; wait"];
      const { id } = await startContainer(engine, "podman", name, { command });
      const row = async (): Promise<PreflightRow | undefined> =>
        (await preflight(engine, id, { machine: { ...machine, cgroups } })).find(
          ({ code }) => code === "stopped",
        );
      const found = await until(async () => {
        const one = await row();
        return one?.outcome === "fine" ? undefined : one;
      });
      assert.equal(found.outcome, "stops");
      assert.match(found.sentence, /Stopped \(SIGSTOP\) is sleep \(\d+\)/);
      // The mark of cgroup v2, which freezes such a process without a signal.
      await writeFile(join(cgroups, "cgroup.controllers"), "cpu memory pids\n");
      assert.equal((await row())?.outcome, "fine");
    } finally {
      await removeContainer("podman", name);
      await rm(cgroups, { recursive: true });
    }
  });

  it("says of an engine elsewhere that it can't look", async () => {
    const { id } = await start("freeze()");
    // An engine's own methods live on its prototype.
    const elsewhere: Engine = Object.create(criu, { host: { value: "box" } }) as Engine;
    const rows = await preflight(elsewhere, id, { machine: labMachine() });
    assert.ok(rows.every(({ outcome }) => outcome === "unchecked"));
  });
});

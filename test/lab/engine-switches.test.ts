// The switches of freezing and waking, each seen to do in the real engine what it says.
import assert from "node:assert/strict";
import { copyFile, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine, preflight } from "../../src/engine/index.ts";
import type { Container, Engine, PreflightRow } from "../../src/engine/index.ts";
import { connectLab, countedAtLeast, removeContainer, startContainer, until } from "./engine-helpers.ts";
import { labMachine, labOutput, labStart, makeBundle, sharedFolder } from "./engine-machine.ts";

const NAME = "cryoscope-switches";
const COPY = "cryoscope-switches-copy";
/** Holds a lock on /lock and counts to /count; with an argument it tells by its exit status whether that is free. */
const LOCKER = `#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int lock = open("/lock", O_CREAT | O_RDWR, 0600);
  if (flock(lock, LOCK_EX | LOCK_NB)) return 1;
  if (argc > 1) return 0;
  FILE *count = fopen("/count", "w");
  for (int i = 0;; i++, usleep(200000)) { printf("%d\\n", i); fflush(stdout); fprintf(count, "%d\\n", i); fflush(count); }
}
`;
const COUNT = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done";

/** Compiled in the lab, without libraries. */
async function locker(folder: string): Promise<string> {
  await writeFile(join(folder, "locker.c"), LOCKER);
  await labOutput("gcc", "-static", "-o", join(folder, "locker"), join(folder, "locker.c"));
  return join(folder, "locker");
}

describe("a switch of Podman in the lab", () => {
  let podman: Engine;
  let folder: string;

  before(async () => {
    podman = await connectLab("podman");
  });
  beforeEach(async () => {
    folder = await sharedFolder();
  });
  afterEach(async () => {
    for (const name of [NAME, COPY]) await removeContainer("podman", name);
    await rm(folder, { recursive: true });
  });

  const start = (script: string): Promise<Container> =>
    startContainer(podman, "podman", NAME, { command: ["/bin/sh", "-c", script] });
  /** What a command in the container ends with. */
  async function ends(container: string, ...argv: readonly string[]): Promise<number> {
    const execution = await podman.exec?.(container, argv);
    assert(execution);
    execution.stdout.resume();
    execution.stderr.resume();
    return execution.exit;
  }
  const names = async (archive: string): Promise<readonly string[]> =>
    (await labOutput("tar", "-tf", archive)).split("\n").map((name) => name.replace(/^\.\//, ""));

  it("keeps file locks, which CRIU refuses without it, and they are held again", async () => {
    const binds = [`${await locker(folder)}:/locker`];
    const { id } = await startContainer(podman, "podman", NAME, { command: ["/locker"], binds });
    await countedAtLeast("podman", NAME, 2);
    const archive = join(folder, "locked.tar");
    const isFree = ["/locker", "is it free?"];
    assert.equal(await ends(id, ...isFree), 1);
    await assert.rejects(podman.checkpoint(id, { name: "locked", archive }), {
      code: "engine.criuRefused",
      message: /lock/,
    });
    const { snapshot } = await podman.checkpoint(id, { name: "locked", archive, fileLocks: true });
    assert.deepEqual(snapshot.needs, ["fileLocks"]);
    // Nothing is said: what was frozen with locks is woken with them.
    await podman.restore(snapshot, { replace: true });
    assert.equal(await ends(id, ...isFree), 1);
  });

  it("leaves the changed files out, at the freezing or at the waking", async () => {
    const { id } = await start(`echo written >/written; ${COUNT}`);
    await countedAtLeast("podman", NAME, 2);
    const [all = "", without = ""] = [join(folder, "all.tar"), join(folder, "without.tar")];
    const options = { name: "files", leaveRunning: true };
    await podman.checkpoint(id, { ...options, archive: without, ignoreRootFs: true });
    assert.ok(!(await names(without)).includes("rootfs-diff.tar"));
    const { snapshot } = await podman.checkpoint(id, { ...options, archive: all });
    assert.ok((await names(all)).includes("rootfs-diff.tar"));
    await podman.restore(snapshot, { name: COPY });
    assert.equal(await ends(COPY, "grep", "-q", "written", "/written"), 0);
    await removeContainer("podman", COPY);
    await podman.restore(snapshot, { name: COPY, ignoreRootFs: true });
    assert.notEqual(await ends(COPY, "grep", "-q", "written", "/written"), 0);
  });

  it("keeps CRIU's files in the container, which can then be woken again", async () => {
    const { id } = await start(COUNT);
    await countedAtLeast("podman", NAME, 2);
    const { snapshot } = await podman.checkpoint(id, { name: "kept", keep: true });
    for (let round = 0; round < 2; round++) {
      const { container } = await podman.restore(snapshot, { keep: true, replace: true });
      assert.equal(container.state, "running");
    }
  });

  it("leaves volumes as they are, which otherwise must not be there", async () => {
    const volume = `${NAME}-volume`;
    await labOutput("podman", "volume", "create", volume);
    try {
      const image = "localhost/lab/busybox";
      const command = ["sh", "-c", `echo frozen >/data/state; ${COUNT}`];
      const place = ["--network", "host", "--volume", `${volume}:/data`, "--name", NAME];
      await labStart("podman", "run", "--detach", ...place, image, ...command);
      await countedAtLeast("podman", NAME, 2);
      const archive = join(folder, "volume.tar");
      const { snapshot } = await podman.checkpoint(NAME, { name: "volume", archive });
      assert.ok((await names(archive)).some((name) => name.startsWith("volumes/")));
      await labOutput("podman", "rm", "--force", "--time", "0", NAME);
      const folderOf = ["podman", "volume", "inspect", "--format", "{{.Mountpoint}}", volume] as const;
      const state = join((await labOutput(...folderOf)).trim(), "state");
      await writeFile(state, "changed since\n");
      await assert.rejects(podman.restore(snapshot, { replace: true }), { name: "CryoscopeError" });
      assert.equal(await readFile(state, "utf8"), "changed since\n");
      await podman.restore(snapshot, { replace: true, ignoreVolumes: true });
      assert.equal(await readFile(state, "utf8"), "changed since\n");
    } finally {
      await removeContainer("podman", NAME);
      await labOutput("podman", "volume", "rm", "--force", volume);
    }
  });
});

describe("a switch of runc in the lab", () => {
  let runc: Engine;
  let folder: string;

  beforeEach(async () => {
    folder = await sharedFolder();
    runc = await connectEngine(`runc://${folder}/state`, { machine: labMachine() });
  });
  afterEach(async () => {
    for (const { id } of await runc.list()) await runc.remove(id);
    await rm(folder, { recursive: true });
  });

  it("keeps file locks, and another name makes another container of the same bundle", async () => {
    const bundle = await makeBundle(join(folder, "bundle"), NAME, ["/locker"]);
    await copyFile(await locker(folder), join(bundle.folder, "rootfs/locker"));
    const run = ["run", "--detach", "--bundle", bundle.folder, NAME];
    await labStart("runc", "--root", `${folder}/state`, ...run);
    const atLeast = (count: number): Promise<true> =>
      until(async () => ((await bundle.counted()).length >= count ? true : undefined));
    await atLeast(2);
    const options = { name: "locked", folder: join(folder, "locked") };
    await assert.rejects(runc.checkpoint(NAME, options), { code: "engine.criuRefused", message: /lock/ });
    const { snapshot } = await runc.checkpoint(NAME, { ...options, fileLocks: true });
    const frozen = (await bundle.counted()).length;
    const { size } = await stat(join(bundle.folder, "rootfs/count"));
    const { container } = await runc.restore(snapshot, { name: COPY });
    assert.equal(container.id, COPY);
    await atLeast(frozen + 2);
    // The kernel's own list of locks has it again.
    assert.match(await labOutput("cat", "/proc/locks"), new RegExp(`FLOCK.* ${container.pid} `));
    await assert.rejects(runc.restore(snapshot, { name: COPY }), { code: "engine.stillRunning" });
    await runc.remove(COPY);
    // CRIU wants the files that it had open as they were then.
    await truncate(join(bundle.folder, "rootfs/count"), size);
    const again = await runc.restore(snapshot, { replace: true });
    assert.equal(again.container.state, "running");
  });
});

/** A Python program, run with a folder of the test in `F`. */
const PROGRAM = `import os, socket, sys, time
F = sys.argv[1]
def tell(name, words):
  open(F + '/' + name + '.part', 'w').write(str(words))
  os.rename(F + '/' + name + '.part', F + '/' + name)
`;

describe("a switch of CRIU in the lab", () => {
  let criu: Engine;
  let folder: string;

  beforeEach(async () => {
    folder = await sharedFolder();
    criu = await connectEngine("criu://", { machine: labMachine() });
  });
  afterEach(async () => {
    for (const one of await criu.list())
      if (one.command.includes(folder)) await criu.remove(one.id).catch(() => undefined);
    await rm(folder, { recursive: true });
  });

  const said = (name: string): Promise<string> =>
    until(async () => (await readFile(join(folder, name), "utf8").catch(() => "")) || undefined);
  async function start(program: string): Promise<Container> {
    await writeFile(join(folder, "program.py"), PROGRAM + program);
    const own = 'exec setsid --fork python3 "$0" "$1" </dev/null >/dev/null 2>&1';
    await labStart("sh", "-c", own, join(folder, "program.py"), folder);
    return criu.inspect(await said("pid"));
  }

  it("brings TCP connections back closed", async () => {
    // Both ends are in it; the one that reads says what it got.
    const { id } = await start(
      [
        "server = socket.create_server(('127.0.0.1', 0))",
        "a = socket.create_connection(server.getsockname())",
        "b, _ = server.accept()",
        "b.settimeout(0.5)",
        "tell('pid', os.getpid())",
        "while True:",
        "  try: got = b.recv(1); tell('end', 'closed'); break",
        "  except socket.timeout: tell('open', time.time())",
        "  except OSError as error: tell('end', error); break",
        "while True: time.sleep(1)",
      ].join("\n"),
    );
    await said("open");
    const options = { name: "connected", folder: join(folder, "connected"), tcpEstablished: true };
    const { snapshot } = await criu.checkpoint(id, options);
    await rm(join(folder, "open"));
    await criu.restore(snapshot, { tcpClose: true, tcpEstablished: false });
    assert.notEqual(await said("end"), "");
  });

  it("lets a Unix socket to a process outside be cut off, which CRIU refuses without it", async () => {
    const { id } = await start(
      [
        "log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); log.bind(F + '/log')",
        "if os.fork() != 0:",
        "  while True: time.sleep(1)",
        "log.close(); os.setsid()",
        "own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); own.connect(F + '/log')",
        "tell('pid', os.getpid())",
        "while True: tell('alive', time.time()); time.sleep(0.2)",
      ].join("\n"),
    );
    const options = { name: "outside", leaveRunning: true, folder: join(folder, "outside") };
    const row = async (switches: object): Promise<PreflightRow | undefined> =>
      (await preflight(criu, id, { machine: labMachine(), switches })).find(
        ({ code }) => code === "externalUnix",
      );
    assert.deepEqual({ outcome: "stops", switch: "externalUnix", ...(await row({})) }, await row({}));
    assert.equal((await row({ externalUnix: true }))?.outcome, "fine");
    await assert.rejects(criu.checkpoint(id, options), { code: "engine.criuRefused" });
    const { snapshot } = await criu.checkpoint(id, { ...options, externalUnix: true });
    assert.deepEqual(snapshot.needs, ["externalUnix"]);
    assert.equal((await criu.inspect(id)).state, "running");
  });

  it("isn't offered for a connection that CRIU can't cut in half", async () => {
    const { id } = await start(
      [
        "a, b = socket.socketpair()",
        "if os.fork() != 0:",
        "  while True: time.sleep(1)",
        "a.close(); os.setsid()",
        "tell('pid', os.getpid())",
        "while True: time.sleep(0.2)",
      ].join("\n"),
    );
    const switches = { externalUnix: true };
    const rows = await preflight(criu, id, { machine: labMachine(), switches });
    const row = rows.find(({ code }) => code === "externalUnix");
    assert.equal(row?.outcome, "stops");
    assert.equal(row.switch, undefined);
    const options = { name: "half", leaveRunning: true, folder: join(folder, "half"), ...switches };
    await assert.rejects(criu.checkpoint(id, options), { code: "engine.criuRefused", message: /in half/ });
  });

  it("takes a shell's job along, whose terminal stays outside", async () => {
    const { id } = await start(
      [
        "import pty",
        "child, terminal = pty.fork()",
        "if child == 0:",
        "  tell('pid', os.getpid())",
        "  while True: time.sleep(0.2)",
        "while True: time.sleep(1)",
      ].join("\n"),
    );
    const options = { name: "job", leaveRunning: true, folder: join(folder, "job") };
    await assert.rejects(criu.checkpoint(id, { ...options, shellJob: false }), {
      code: "engine.criuRefused",
    });
    const { snapshot } = await criu.checkpoint(id, { ...options, shellJob: true });
    assert.ok(snapshot.needs.includes("shellJob"));
  });
});

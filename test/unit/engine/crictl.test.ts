// The documents are what crictl 1.36.0 has said of real runtimes (test/fixtures/crictl); this crictl plays them back and refuses
// arguments that the real one doesn't know.
import assert from "node:assert/strict";
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectEngine, localCommands, thisMachine } from "../../../src/engine/index.ts";
import type { Engine, Machine } from "../../../src/engine/index.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/crictl");

/** Takes its options as crictl does: the global ones first. `refused.txt` is asked for by a file `refuse`. */
const PROGRAM = `#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >>asked
[ "$1" = --runtime-endpoint ] || exit 9
case $2 in unix:///*) ;; *) exit 9 ;; esac
shift 2
[ "$1" = --timeout ] && shift 2
if [ -e unreachable ]; then cat unreachable >&2; exit 1; fi
case $1 in
version) cat version.txt ;;
ps) [ "$*" = "ps --all --output json" ] && cat ps.json ;;
inspect | inspectp) [ "$2 $3" = "--output json" ] && grep -q "\\"id\\": *\\"$4\\"" "$1.json" && cat "$1.json" ;;
checkpoint)
  case $2 in --export=/*) ;; *) exit 9 ;; esac
  grep -q "\\"id\\": *\\"$3\\"" ps.json || exit 9
  if [ -e refuse ]; then cat refused.txt >&2; exit 1; fi
  printf archive >"\${2#--export=}" ;;
*) exit 9 ;;
esac
`;

describe("a CRI runtime by crictl", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-crictl-"));
    await writeFile(join(folder, "crictl"), PROGRAM);
    await chmod(join(folder, "crictl"), 0o755);
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** This machine with that crictl on it, and the words of one of the runtimes. */
  async function machine(runtime: string): Promise<Machine> {
    await cp(join(FIXTURES, runtime), folder, { recursive: true });
    const local = localCommands();
    return {
      ...thisMachine(),
      uid: 0,
      run: (program, args, options) =>
        local(program === "crictl" ? join(folder, "crictl") : program, args, options),
    };
  }
  const CONTAINERD = "crictl:///run/containerd/containerd.sock";
  const containerd = async (): Promise<Engine> =>
    connectEngine(CONTAINERD, { machine: await machine("containerd-2.1.9") });

  it("is named by the runtime, and lists containers by their pods", async () => {
    const engine = await containerd();
    assert.equal(engine.name, "containerd 2.1.9+unknown (CRI)");
    assert.deepEqual(
      (await engine.list()).map(({ name, image, state, status }) => [name, image, state, status]),
      [
        ["web-7/tcp", "localhost:5000/lab/busybox:1", "exited", "shop"],
        ["web-8/app", "localhost:5000/lab/busybox:1", "running", "shop"],
        ["web-7/app", "localhost:5000/lab/busybox:1", "running", "shop"],
      ],
    );
  });

  it("knows a container's process and that its pod has the node's network", async () => {
    const details = await (await containerd()).inspect("web-7/app");
    assert.equal(details.pid, 362);
    assert.deepEqual(details.argv.slice(0, 2), ["/bin/sh", "-c"]);
    assert.ok(details.environment.includes("GREETING=hello"));
    assert.equal(details.networkMode, "host");
    assert.equal(details.exitCode, undefined);
  });

  it("knows CRI-O's containers too, at the address that needs no path", async () => {
    const engine = await connectEngine("crictl://", { machine: await machine("cri-o-1.36.3") });
    assert.equal(engine.name, "CRI-O 1.36.3");
    assert.deepEqual(
      (await engine.list()).map(({ name, image, state }) => [name, image, state]),
      [["web-9/app", "localhost:5000/lab/busybox:1", "running"]],
    );
    const details = await engine.inspect("web-9/app");
    assert.equal(details.pid, 21768);
    // Its specification names a network namespace though the pod has the node's.
    assert.equal(details.networkMode, "host");
    assert.ok(details.environment.includes("GREETING=hello"));
    const archive = join(folder, "frozen.tar");
    const { snapshot } = await engine.checkpoint("web-9/app", { name: "frozen", archive });
    assert.equal(snapshot.engine.endpoint, "crictl:///run/crio/crio.sock");
  });

  it("means the running one of a container's attempts, whichever stands first", async () => {
    const here = await machine("containerd-2.1.9");
    const { containers } = JSON.parse(await readFile(join(folder, "ps.json"), "utf8")) as {
      readonly containers: readonly { readonly id: string; readonly metadata: { name: string } }[];
    };
    const ended = containers.find(({ metadata }) => metadata.name === "tcp");
    const first = { ...ended, metadata: { name: "app", attempt: 0 } };
    await writeFile(join(folder, "ps.json"), JSON.stringify({ containers: [first, ...containers] }, null, 1));
    assert.equal((await (await connectEngine(CONTAINERD, { machine: here })).inspect("web-7/app")).pid, 362);
  });

  it("exports a checkpoint into an archive that appears when it is whole", async () => {
    const engine = await containerd();
    const archive = join(folder, "frozen.tar");
    const { snapshot } = await engine.checkpoint("web-7/app", { name: "frozen", archive });
    assert.equal(await readFile(archive, "utf8"), "archive");
    assert.equal(snapshot.leftRunning, true);
    assert.match(
      await readFile(join(folder, "asked"), "utf8"),
      /checkpoint --export=\/\S+\.part [0-9a-f]{64}$/m,
    );
    await assert.rejects(engine.restore(snapshot), {
      code: "engine.cannot",
      message: /when a pod is started/,
    });
  });

  it("reads CRIU's log where the runtime's words say it lies, and leaves nothing", async () => {
    const engine = await containerd();
    await writeFile(join(folder, "refuse"), "");
    const log = join(folder, "criu-dump.log");
    await writeFile(
      log,
      "(00.01) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option\n",
    );
    const said = await readFile(join(folder, "refused.txt"), "utf8");
    await writeFile(join(folder, "refused.txt"), said.replace(/\/run\/\S+criu-dump\.log/g, log));
    const archive = join(folder, "frozen.tar");
    await assert.rejects(engine.checkpoint("web-7/app", { name: "frozen", archive }), {
      code: "engine.criuRefused",
      message: /open TCP connections/,
    });
    assert.ok((await readdir(folder)).every((name) => !name.includes("frozen")));
  });

  it("finds the log of CRI-O's container by the command line that CRI-O quotes", async () => {
    const engine = await connectEngine("crictl://", { machine: await machine("cri-o-1.36.3") });
    await writeFile(join(folder, "refuse"), "");
    const said = await readFile(join(folder, "refused.txt"), "utf8");
    const work = /"--work-path" "([^"]+)"/.exec(said)?.[1] ?? "";
    await writeFile(join(folder, "refused.txt"), said.replaceAll(work, folder));
    await writeFile(
      join(folder, "dump.log"),
      "(00.032261) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.\n",
    );
    const archive = join(folder, "frozen.tar");
    await assert.rejects(engine.checkpoint("web-9/app", { name: "frozen", archive }), {
      code: "engine.criuRefused",
      message: /open TCP connections/,
    });
  });

  it("says before anything happens that containerd 1 can't, and by which address it can", async () => {
    const here = await machine("containerd-2.1.9");
    const said = await readFile(join(folder, "version.txt"), "utf8");
    await writeFile(join(folder, "version.txt"), said.replace("2.1.9+unknown", "1.7.24~ds1"));
    const engine = await connectEngine(CONTAINERD, { machine: here });
    const archive = join(folder, "frozen.tar");
    await assert.rejects(engine.checkpoint("web-7/app", { name: "frozen", archive }), {
      code: "engine.cannot",
      message: /1\.7\.24~ds1 can't freeze through CRI/,
    });
  });

  it("tells a socket where nothing listens from one that doesn't speak CRI", async () => {
    const here = await machine("containerd-2.1.9");
    const failed = (what: string): string =>
      `time="2026-11-29T22:38:09Z" level=fatal msg="validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/nowhere.sock\\": rpc error: code = ${what}"\n`;
    const dial = (why: string): string =>
      failed(
        `Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/nowhere.sock: connect: ${why}\\"`,
      );
    const words = {
      "engine.noSocket": dial("no such file or directory"),
      "engine.refusedConnection": dial("connection refused"),
      "engine.noCri": failed("Unimplemented desc = unknown service runtime.v1.RuntimeService"),
    };
    for (const [code, said] of Object.entries(words)) {
      await writeFile(join(folder, "unreachable"), said);
      await assert.rejects(connectEngine(CONTAINERD, { machine: here }), { code });
    }
    await writeFile(join(folder, "unreachable"), failed('Unknown desc = container \\"a\\" is odd'));
    await assert.rejects(connectEngine(CONTAINERD, { machine: here }), {
      code: "engine.commandFailed",
      message: /container "a" is odd/,
    });
  });

  it("knows no container that isn't listed", async () => {
    const engine = await containerd();
    for (const id of ["nobody", "--help", ""])
      await assert.rejects(engine.inspect(id), { code: "engine.noSuchContainer" });
  });
});

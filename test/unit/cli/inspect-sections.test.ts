import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InspectExcerpt } from "../../../src/cli/inspect-document.ts";
import { DUMPS, fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const inspect = (...args: readonly string[]) => runCommand(["inspect", ...args]);

describe("cryoscope inspect, all of it", () => {
  for (const name of DUMPS)
    it(`fits the schema, for ${name}`, async () => {
      const { code, out } = await inspect("--json", join(await fixture(`corpus/${name}`), "img"));
      assert.equal(code, 0);
      await assertFitsSchema("inspect", JSON.parse(out));
    });

  it("is cut to the sections and processes that were asked for", async () => {
    const folder = join(await fixture("corpus/c-pipes"), "img");
    const whole = JSON.parse((await inspect("--json", folder)).out) as InspectExcerpt;
    const pid = whole.processes?.[1]?.pid;
    const { out, code } = await inspect("--json", "--section", "files,locks", "--pid", String(pid), folder);
    assert.equal(code, 0);
    const document: unknown = JSON.parse(out);
    await assertFitsSchema("inspect", document);
    // Its shape is the schema's.
    const { processes, ...rest } = document as InspectExcerpt;
    assert.deepEqual(Object.keys(rest), ["name", "engine", "fileLocks", "problems"]);
    assert.deepEqual(
      processes?.map((process) => [process.pid, process.threads, process.openFiles]),
      [[pid, undefined, whole.processes?.[1]?.openFiles]],
    );
  });

  it("says which sections there are, and that a process isn't there", async () => {
    const folder = join(await fixture("corpus/a-single"), "img");
    const unknown = await inspect("--section", "nonsense", folder);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /credentials|processes, paths, threads/);
    assert.equal((await inspect("--pid", "x", folder)).code, 2);
    const missing = await inspect("--pid", "4711", folder);
    assert.equal(missing.code, 3);
    assert.match(missing.err, /no process 4711/);
  });

  it("is a tree of names and values", async () => {
    const { out, code } = await inspect("--all", join(await fixture("corpus/c-locks"), "img"));
    assert.equal(code, 0);
    const lines = out.split("\n");
    assert.ok(lines.some((line) => /^processes \(1\)$/.test(line)));
    assert.ok(lines.some((line) => /^ {3}├─ openFiles \(8\)$/.test(line)));
    assert.ok(lines.some((line) => /^fileLocks \(6\)$/.test(line)));
    assert.match(out, /posix +type: F_WRLCK|posix/);
  });

  it("says times, dates and permissions as people do, in the tree and the table", async () => {
    const folder = await fixture("corpus/g-podman-leave");
    const [truth] = JSON.parse(await readFile(join(folder, "checkpointctl.json"), "utf8")) as readonly {
      readonly statistics: Readonly<Record<string, number>>;
    }[];
    // checkpointctl has 233554 and 381 microseconds.
    assert.deepEqual([truth?.statistics["frozen_time"], truth?.statistics["memwrite_time"]], [233554, 381]);
    for (const format of ["tree", "table"]) {
      const { out } = await runCommand(["inspect", "--format", format, join(folder, "checkpoint.tar")]);
      assert.match(out, /frozenTime:? +233\.6 ms\n/);
      assert.match(out, /memwriteTime:? +381 µs\n/);
      assert.match(out, /written:? +2026-11-20T23:40:18\.000Z\n/);
      assert.match(out, /umask:? +022\n/);
    }
  });

  it("is tables, one for each list", async () => {
    const { out } = await inspect(
      "--format",
      "table",
      "--section",
      "files,locks",
      join(await fixture("corpus/c-locks"), "img"),
    );
    const [, rows = ""] = out.split(/^fileLocks$/m);
    assert.match(rows, /^\n {2}KIND +TYPE +PID +FD +START +LENGTH\n {2}flock +F_WRLCK +17801 +3 +0 +0\n/);
    assert.match(out, /^processes › openFiles\n {2}PID +FD +TYPE/m);
  });

  it("has what a checkpoint image's annotations say of its container", async () => {
    const folder = await fixture("corpus/g-podman-image");
    const { out, code } = await inspect("--json", join(folder, "ckpt-oci.tar"));
    assert.equal(code, 0);
    const { engine, container, criu, versions } = JSON.parse(out) as InspectExcerpt & {
      readonly versions: Readonly<Record<string, string>>;
    };
    const [{ Annotations: truth }] = JSON.parse(
      await readFile(join(folder, "image-inspect.json"), "utf8"),
    ) as [{ readonly Annotations: Readonly<Record<string, string>> }];
    const of = (key: string): string | undefined => truth[`io.podman.annotations.checkpoint.${key}`];
    assert.equal(engine, "Podman");
    assert.equal(container?.name, of("name"));
    assert.equal(container?.image, of("rootfsImageName"));
    assert.equal(criu?.version, "4.2.1");
    assert.deepEqual(versions, {
      engine: of("podman.version"),
      runtime: of("runtime.version")?.split("\n")[0],
      criu: "4.2.1",
      conmon: of("conmon.version"),
      kernel: of("host.kernel"),
      architecture: of("host.arch"),
      distribution: `${of("distribution.name")} ${of("distribution.version")}`,
      cgroups: of("cgroups.version"),
    });
    assert.equal(container?.annotations["io.podman.annotations.checkpoint.host.arch"], "amd64");
  });

  it("finds the containers of a pod, and shows the one that is named", async () => {
    const pod = await mkdtemp(join(tmpdir(), "cryoscope-pod-"));
    try {
      await cp(join(await fixture("corpus/c-pipes"), "img"), join(pod, "web/checkpoint"), {
        recursive: true,
      });
      await cp(join(await fixture("corpus/a-single"), "img"), join(pod, "db/checkpoint"), {
        recursive: true,
      });
      const first = await inspect("--json", "--section", "processes", pod);
      assert.match(first.err, /^There are 2 checkpoints: db, web\. db is shown; choose with --container\.$/m);
      assert.equal((JSON.parse(first.out) as InspectExcerpt).processes?.length, 1);
      const web = await inspect("--json", "--section", "processes", "--container", "web", pod);
      assert.equal(web.err, "");
      assert.equal((JSON.parse(web.out) as InspectExcerpt).processes?.length, 2);
      assert.equal((await inspect("--container", "none", pod)).code, 2);
    } finally {
      await rm(pod, { recursive: true });
    }
  });

  it("has CRIU's warnings and errors with their lines", async () => {
    const folder = await fixture("corpus/a-single");
    const copy = await mkdtemp(join(tmpdir(), "cryoscope-log-"));
    try {
      await cp(join(folder, "img"), copy, { recursive: true });
      await cp(join(folder, "logs/dump.log"), join(copy, "dump.log"));
      const { out } = await inspect("--json", "--section", "log", copy);
      const { logs } = JSON.parse(out) as {
        readonly logs: readonly { lines: number; notable: readonly unknown[] }[];
      };
      const lines = (await readFile(join(copy, "dump.log"), "utf8")).split("\n");
      assert.equal(logs[0]?.lines, lines.length - 1);
      // grep -n 'Error\|Warn' says the same.
      assert.deepEqual(
        logs[0]?.notable.map((line) => (line as { line: number }).line),
        lines.flatMap((text, index) => (/(Error|Warn ) \(/.test(text) ? [index + 1] : [])),
      );
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InspectDocument } from "../../../src/cli/inspect-document.ts";
import { fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const inspect = (...args: readonly string[]) => runCommand(["inspect", ...args]);

async function inspectJson(...args: readonly string[]): Promise<InspectDocument> {
  const { code, out, err } = await inspect("--json", ...args);
  assert.equal(err, "");
  assert.equal(code, 0);
  // Checked against the schema by its own test.
  return JSON.parse(out) as InspectDocument;
}

const CHECKPOINTS = [
  ["corpus/g-podman-none", "checkpoint.tar"],
  ["corpus/g-docker-basic", "checkpoint"],
  ["corpus/f-incremental", ""],
  ["corpus/c-sysv", "img"],
  ["corpus/c-eventpoll", "img"],
  ["sealed/tree-restorable-enc", "plain"],
] as const;

describe("cryoscope inspect", () => {
  it("prints JSON that fits its schema", async () => {
    for (const [name, path] of CHECKPOINTS) {
      const document = await inspectJson(join(await fixture(name), path));
      await assertFitsSchema("inspect", document);
      assert.deepEqual(document.problems, [], name);
    }
  });

  it("has in JSON what checkpointctl has", async () => {
    const folder = await fixture("corpus/g-podman-zstd");
    const [truth] = JSON.parse(await readFile(join(folder, "checkpointctl.json"), "utf8")) as readonly {
      readonly container_name: string;
      readonly id: string;
      readonly engine: string;
    }[];
    const { engine, container, processes, mounts } = await inspectJson(join(folder, "checkpoint.tar.zst"));
    assert(truth);
    assert.equal(engine, truth.engine);
    assert.equal(container.name, truth.container_name);
    assert.equal(container.id, truth.id);
    assert.deepEqual(
      processes.map(({ pid, ppid, comm, state }) => ({ pid, ppid, comm, state })),
      [
        { pid: 1, ppid: 0, comm: "sh", state: "running" },
        { pid: 11, ppid: 1, comm: "sleep", state: "running" },
      ],
    );
    assert.ok(mounts.some((mount) => mount.destination === "/vol"));
  });

  it("prints addresses and names as /proc/PID/maps does", async () => {
    const folder = await fixture("corpus/a-single");
    const { processes } = await inspectJson(join(folder, "img"));
    const [process] = processes;
    const maps = await readFile(join(folder, `proc/${process?.pid}/maps`), "utf8");
    const [first = ""] = maps.split("\n");
    const [range, permissions] = first.split(" ");
    const [mapping] = process?.memoryMap ?? [];
    assert.equal(`${mapping?.start}-${mapping?.end}`, range?.replace(/(\w+)-(\w+)/, "0x$1-0x$2"));
    assert.equal(mapping?.permissions, permissions);
  });

  it("prints the process tree for people", async () => {
    const { out, code } = await inspect(join(await fixture("sealed/tree-restorable-enc"), "plain"));
    assert.equal(code, 0);
    const table = out.slice(out.indexOf("Processes"));
    assert.equal(
      table,
      [
        "Processes (6)",
        "  PID  UID  THR  STATE            COMMAND",
        "    1    0    1  running          /bin/tree tagR",
        "  320    0    4  running          ├─ /bin/tree tagR",
        "  321    0    1  running          ├─ /bin/tree tagR",
        "  322    0    1  running          ├─ /bin/tree tagR",
        "  327    0    1  running          │  └─ /bin/tree tagR",
        "  323    -    0  zombie, exit 42  └─ [tree]",
        "",
      ].join("\n"),
    );
  });

  it("opens a sealed checkpoint with its key, also one with a passphrase", async () => {
    const enc = join(await fixture("sealed/tree-restorable-enc"), "enc");
    const keys = await fixture("sealed/keys");
    const plain = await inspectJson(join(await fixture("sealed/tree-restorable-enc"), "plain"));
    const sealed = await inspectJson(enc, "--key", join(keys, "key1.pkcs8.pem"));
    assert.deepEqual(
      sealed.processes.map((process) => process.cmdline),
      plain.processes.map((process) => process.cmdline),
    );
    assert.equal(sealed.criu.sealed, true);
    const locked = ["--key", join(keys, "key1.pkcs8.enc.pem")];
    const opened = await inspectJson(enc, ...locked, "--passphrase-file", join(keys, "key1.passphrase.txt"));
    assert.equal(opened.processes.length, 6);
  });

  it("shows nothing of a sealed checkpoint without its key, and says what to give", async () => {
    const enc = join(await fixture("sealed/simple-enc"), "enc");
    const none = await inspect("--json", enc);
    assert.equal(none.code, 3);
    assert.equal(none.out, "");
    assert.match(none.err, /sealed[^]*RSA private key/);
    const wrong = await inspect(
      "--json",
      enc,
      "--key",
      join(await fixture("sealed/keys"), "key4096.pkcs1.pem"),
    );
    assert.equal(wrong.code, 3);
    assert.equal(wrong.out, "");
    assert.match(wrong.err, /does not open this checkpoint/);
  });

  it("lists what is broken after what is not", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryoscope-inspect-"));
    try {
      await cp(join(await fixture("corpus/a-single"), "img"), folder, { recursive: true });
      await truncate(join(folder, "files.img"), 20);
      const { code, out } = await inspect(folder);
      assert.equal(code, 1);
      const { processes, problems } = JSON.parse((await inspect("--json", folder)).out) as InspectDocument;
      assert.equal(processes.length, 1);
      assert.ok(problems.some((problem) => problem.file === "files.img"));
      assert.match(out, /Problems \(\d+\)\n {2}error: files\.img/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("ends with 3 for what is no checkpoint and with 2 for wrong usage", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryoscope-inspect-"));
    try {
      assert.equal((await inspect(folder)).code, 3);
      assert.equal((await inspect(join(folder, "gone"))).code, 3);
      assert.equal((await inspect()).code, 2);
      assert.equal((await inspect("--nonsense", folder)).code, 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("lets no escape sequence of a process name reach the terminal", async () => {
    const { inspectText } = await import("../../../src/cli/inspect-text.ts");
    const document = await inspectJson(join(await fixture("corpus/a-single"), "img"));
    const [process] = document.processes;
    assert(process);
    const evil = { ...process, cmdline: ["\u001b]0;owned\u0007", "a\nb", "\u202egnp.exe"] };
    const text = inspectText({ ...document, processes: [evil] });
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.match(text, /\\u001b\]0;owned\\u0007 a\\nb/);
  });
});

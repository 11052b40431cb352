// Programs of languages with engines of their own, frozen in the lab: a post-mortem session must show the calls that the
// engines said of themselves in the moment before.
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { startPostmortem } from "../unit/debug/postmortem-client.ts";
import { fixture } from "../unit/fixtures.ts";
import { gdbRegisters, gdbThreads, lldbRegisters, mappings, ours } from "./core-peers.ts";
import { coreOf, folderOf, forget, freeze, PROGRAMS, stacksOf } from "./frozen-programs.ts";
import type { PrintedThread } from "./frozen-programs.ts";
import { NODE } from "./images.ts";
import { ROOT } from "./place.ts";

describe("a frozen program of Python", () => {
  const folder = folderOf("python");
  let threads: readonly PrintedThread[];
  let told: string;
  let core: string;

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    const frozen = freeze(folder, {
      signal: "USR1",
      command: ["/usr/bin/python3", `${PROGRAMS}/frozen.py`, join(folder, "told")],
    });
    threads = await stacksOf(frozen);
    core = await coreOf(frozen);
    told = readFileSync(join(folder, "told"), "utf8");
  });
  after(() => {
    forget(folder);
  });

  it("has the calls of each thread that the interpreter said", () => {
    const said = told
      .split(/^(?:Current thread|Thread) 0x[0-9a-f]+.*$/m)
      .slice(1)
      .map((text) => [...text.matchAll(/File "(.*)", line (\d+) in (.*)/g)].map(([, ...each]) => each));
    const seen = threads.map(({ frames }) =>
      frames
        .filter(({ language }) => language === "python")
        // faulthandler has names without their classes and functions around.
        .map((frame) => [
          frame.source?.path,
          `${frame.source?.line}`,
          frame.function?.replace(/^.*\.(?=[^.]*$)/, ""),
        ]),
    );
    assert.equal(said.length, 4);
    const sorted = (stacks: readonly unknown[]): readonly string[] =>
      stacks.map((stack) => JSON.stringify(stack)).toSorted();
    assert.deepEqual(sorted(seen), sorted(said));
  });

  it("has its own calls between those of the interpreter", () => {
    const deepest = threads.toSorted((a, b) => b.frames.length - a.frames.length)[0];
    const kinds = deepest?.frames.map(({ language }) => language) ?? [];
    assert.ok(kinds.indexOf("python") > 0, "the innermost call is the interpreter's, in the kernel");
    assert.ok(
      kinds.lastIndexOf("native") > kinds.lastIndexOf("python"),
      "the outermost is the thread's start",
    );
  });

  it("has the calls of the interpreter that gdb has of its core", () => {
    const stacks = gdbThreads("/usr/bin/python3", core);
    assert.deepEqual(stacks.map(({ tid }) => tid).toSorted(), threads.map(({ tid }) => tid).toSorted());
    for (const { tid, frames } of stacks) {
      assert.ok(frames.length > 5, `thread ${tid}`);
      assert.deepEqual(
        ours(threads, tid).map(({ address }) => address),
        frames.map(({ pc }) => pc),
        `thread ${tid}`,
      );
    }
  });

  it("has in its core the registers for lldb that it has for gdb, and the mappings that it had", () => {
    const told = gdbRegisters("/usr/bin/python3", core);
    assert.equal(told.size, threads.length);
    assert.deepEqual(lldbRegisters("/usr/bin/python3", core), told);
    for (const [tid, registers] of told) {
      const [top] = ours(threads, tid);
      assert.ok(registers.includes(`rip ${top?.address?.slice(2) ?? ""}`), `thread ${tid}`);
    }
    const maps = readFileSync(join(folder, "maps"), "utf8");
    const had = mappings(maps, { program: "/usr/bin/python3", core });
    assert.ok(had.kernel.length > 10);
    assert.deepEqual(had.lldb, had.kernel);
  });
});

describe("a frozen program of JavaScript", () => {
  const folder = folderOf("javascript");
  let threads: readonly PrintedThread[];
  let told: readonly string[];

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    // Node 20: newer ones open an io_uring outside of containers, which criu can't save.
    cpSync(NODE, join(folder, "node"));
    cpSync(join(await fixture("unwind/javascript"), "calls.js"), join(folder, "calls.js"));
    const frozen = freeze(folder, {
      command: [join(folder, "node"), join(folder, "calls.js"), join(folder, "told")],
      told: join(folder, "told"),
      files: ["node"],
      settle: 1,
    });
    threads = await stacksOf(frozen);
    ({ told } = JSON.parse(readFileSync(join(folder, "told"), "utf8")) as {
      readonly told: readonly string[];
    });
  });
  after(() => {
    forget(folder);
  });

  it("has the calls that the engine said, with lines and columns, between those of C++", () => {
    const main = threads.find(({ frames }) => frames.some(({ language }) => language === "javascript"));
    const calls = main?.frames.filter(({ language }) => language === "javascript") ?? [];
    const seen = calls.map((frame) => `${frame.function ?? ""} ${frame.source?.line ?? ""}`);
    const said = told
      .filter((line) => !line.includes("JSON.parse"))
      .map((line) => {
        const [, called = ""] = /^ +at (?:eval )?(.*?) ?\(/.exec(line) ?? [];
        const name =
          called.startsWith("eval") || line.includes("at eval (") ? "" : called.replace(/^.*\./, "");
        const at = /[^>]:(\d+):\d+\)?$/.exec(line)?.[1] ?? "";
        return `${name} ${line.includes("node:") || line.includes("<anonymous>") ? "" : at}`;
      });
    assert.ok(said.length > 40);
    assert.deepEqual(seen.slice(1), said.slice(1));
    const kinds = main?.frames.map(({ language }) => language) ?? [];
    assert.equal(kinds[0], "native");
    assert.equal(kinds.at(-1), "native");
    assert.equal(main?.frames.at(-1)?.function, "_start");
  });
});

describe("a frozen program of JavaScript that the engine has optimised", () => {
  const folder = folderOf("optimised");
  let calls: readonly { readonly name: string; readonly compiled: boolean }[];
  let told: readonly string[];

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    cpSync(NODE, join(folder, "node"));
    const frozen = freeze(folder, {
      command: [
        ...[join(folder, "node"), "--allow-natives-syntax"],
        ...[`${PROGRAMS}/optimised.js`, join(folder, "told")],
      ],
      told: join(folder, "told"),
      files: ["node"],
      settle: 1,
    });
    const threads = await stacksOf(frozen);
    calls = threads
      .flatMap(({ frames }) => frames)
      .filter(({ language }) => language === "javascript")
      .map(({ function: name = "", compiled = false }) => ({ name, compiled }));
    ({ told } = JSON.parse(readFileSync(join(folder, "told"), "utf8")) as {
      readonly told: readonly string[];
    });
  });
  after(() => {
    forget(folder);
  });

  it("has the calls that the engine said, apart from those in a compiled one, which says that it is", () => {
    const said = told.map((line) => /^ +at (?:\S+\.)?(\S+) \(/.exec(line)?.[1] ?? "");
    assert.deepEqual(said.slice(0, 7), ["stand", "tasks", "leaf", "middle", "outer", "apart", "last"]);
    assert.deepEqual(calls.slice(0, 4), [
      { name: "stand", compiled: false },
      { name: "tasks", compiled: false },
      { name: "apart", compiled: true },
      { name: "last", compiled: false },
    ]);
  });

  it("has the calls that the engine took back from a compiled one, and what called them", () => {
    const said = told.map((line) => /^ +at (?:\S+\.)?(\S+) \(/.exec(line)?.[1] ?? "");
    assert.deepEqual(said.slice(6, 9), ["last", "inlined", "undone"]);
    assert.deepEqual(
      calls.slice(3, 6),
      said.slice(6, 9).map((name) => ({ name, compiled: false })),
    );
  });

  it("is shown in a session with the script's own calls in front, and the engine's as what editors fold", async () => {
    const client = await startPostmortem({ checkpoint: join(folder, "images"), sysroot: ROOT });
    const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
    const stacks = await Promise.all(
      threads.map(async ({ id: threadId }) => {
        const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
          threadId,
        });
        return stackFrames;
      }),
    );
    await client.get("disconnect");
    const scripted = stacks.find((frames) => frames.some(({ name }) => name === "stand (JavaScript)"));
    const inFront = scripted?.filter(({ presentationHint }) => presentationHint === undefined) ?? [];
    assert.deepEqual(
      inFront.slice(0, 4).map(({ name }) => name),
      [
        "stand (JavaScript)",
        "tasks (JavaScript)",
        "apart (JavaScript, compiled: first line, without calls inlined in it)",
        "last (JavaScript)",
      ],
    );
    // Where nothing is of a script nothing is in the background of one.
    const others = stacks.filter((frames) => frames !== scripted);
    assert.ok(others.length > 2);
    for (const [top] of others) assert.equal(top?.presentationHint, undefined);
  });
});

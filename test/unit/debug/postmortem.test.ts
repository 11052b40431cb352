import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { PostmortemSession } from "../../../src/debug/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { readCore } from "../corefile/core-notes.ts";
import { fixture } from "../fixtures.ts";
import { dapClient } from "./dap-client.ts";
import type { DapClient } from "./dap-client.ts";
import { openForTest, startPostmortem } from "./postmortem-client.ts";
import { GDB_LINES, GDB_THREADS, GDB_WORKERS } from "./gdb-threads.ts";

const tidOf = (name: string): number => Number.parseInt(name, 10);

describe("a post-mortem session", () => {
  let folder: string;
  let client: DapClient;
  let threads: readonly DebugProtocol.Thread[];

  before(async () => {
    folder = await fixture("memory/elfcore");
    client = await startPostmortem({ checkpoint: join(folder, "img"), sysroot: join(folder, "root") });
    threads = (await client.get<DebugProtocol.ThreadsResponse>("threads")).threads;
  });
  after(async () => {
    await client.get("disconnect");
  });

  const stackOf = async (threadId: number): Promise<readonly DebugProtocol.StackFrame[]> =>
    (await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId })).stackFrames;
  const threadId = (tid: number): number => threads.find(({ name }) => tidOf(name) === tid)?.id ?? 0;
  const rowsOf = async (frameId: number, scope: string): Promise<readonly DebugProtocol.Variable[]> => {
    const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", { frameId });
    const variablesReference = scopes.find(({ name }) => name === scope)?.variablesReference;
    return (await client.get<DebugProtocol.VariablesResponse>("variables", { variablesReference })).variables;
  };
  const evaluate = async (expression: string, frameId?: number): Promise<string> =>
    (await client.get<DebugProtocol.EvaluateResponse>("evaluate", { expression, frameId })).result;

  it("stops at once, and says that the process is frozen", async () => {
    const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
    assert.equal(body.reason, "pause");
    assert.equal(body.description, "Frozen");
    assert.equal(body.threadId, threads[0]?.id);
  });

  it("has the threads that gdb has", () => {
    assert.deepEqual(
      threads.map(({ name }) => tidOf(name)),
      [...GDB_THREADS.keys()],
    );
  });

  it("has every frame that gdb has of all threads, by address and function", async () => {
    for (const [tid, expected] of GDB_THREADS) {
      const frames = await stackOf(threadId(tid));
      const found = frames.map(({ name, instructionPointerReference }) => [
        instructionPointerReference?.replace("1:0x", ""),
        name,
      ]);
      assert.deepEqual(found.slice(0, expected.length), expected);
      const beyond = found.slice(expected.length).map(([, name]) => name);
      assert.deepEqual(beyond, tid === 1 ? ["__libc_start_call_main", "__libc_start_main", "_start"] : []);
    }
  });

  it("names the lines that gdb names", async () => {
    const lines: Record<string, string | undefined> = {};
    for (const tid of [1, 6])
      for (const { instructionPointerReference: at = "", source } of await stackOf(threadId(tid)))
        if (source?.origin !== undefined) lines[at.replace("1:0x", "")] = source.origin;
    assert.deepEqual(
      Object.fromEntries(
        Object.entries(lines).map(([at, origin]) => [at, Number(origin?.split(":").at(-1))]),
      ),
      GDB_LINES,
    );
    assert.ok(Object.values(lines).every((origin) => /\/threads\.c:\d+$/.test(origin ?? "")));
  });

  it("has the registers that criu-coredump wrote", async () => {
    const core = await readCore(join(folder, "core.1"));
    const status = core.notes.filter(({ type }) => type === 1).map(({ content }) => content);
    const order =
      "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs";
    for (const note of status) {
      const [frame] = await stackOf(threadId(note.readUInt32LE(32)));
      const rows = await rowsOf(frame?.id ?? 0, "Registers");
      const values = new Map(rows.map(({ name, value }) => [name, value]));
      for (const [index, name] of order.split(" ").entries())
        assert.equal(values.get(name), `0x${note.readBigUInt64LE(112 + index * 8).toString(16)}`, name);
    }
  });

  it("has the vector registers that criu-coredump wrote", async () => {
    const core = await readCore(join(folder, "core.1"));
    const [note] = core.notes.filter(({ type }) => type === 2).map(({ content }) => content);
    assert.ok(note);
    const [frame] = await stackOf(threadId(1));
    const rows = await rowsOf(frame?.id ?? 0, "Floating Point and Vectors");
    const values = new Map(rows.map(({ name, value }) => [name, value]));
    // FXSAVE: MXCSR at 24, XMM registers of 16 bytes from 160 on.
    assert.equal(values.get("mxcsr"), `0x${note.readUInt32LE(24).toString(16)}`);
    for (let index = 0; index < 16; index++) {
      const bytes = Buffer.from(note.subarray(160 + index * 16, 176 + index * 16)).reverse();
      assert.equal(values.get(`xmm${index}`), `0x${bytes.toString("hex")}`);
    }
  });

  it("knows the registers of outer frames: what was saved on the stack", async () => {
    // gdb: run (arg=0x30906a58) of LWP 13; threads.c's run keeps arg in rbx or on its stack, and frame 5 was given it.
    const frames = await stackOf(threadId(13));
    const run = frames.find(({ name }) => name === "run");
    const registers = await rowsOf(run?.id ?? 0, "Registers");
    const pointer = registers.find(({ name }) => name === "rbp")?.value;
    assert.ok(pointer !== undefined);
    const words: bigint[] = [];
    for (let at = 8; at <= 40; at += 8)
      words.push(BigInt((await evaluate(`*(u64*)($rbp-${at})`, run?.id)).split(" ")[0] ?? ""));
    assert.ok(words.includes(GDB_WORKERS.get(13) ?? 0n));
  });

  it("evaluates what is in memory as gdb prints it", async () => {
    const [frame] = await stackOf(threadId(1));
    // gdb: {{id = 0, counter = 25, name = "worker-0", weight = 0}, {id = 1, counter = 50, name = "worker-1", …}}
    const second = GDB_WORKERS.get(7) ?? 0n;
    assert.equal(await evaluate(`*(int*)${second}`), "1");
    const bytes = (
      await client.get<DebugProtocol.ReadMemoryResponse>("readMemory", {
        memoryReference: `1:0x${second.toString(16)}`,
        count: 40,
      })
    )?.data;
    const at = Buffer.from(bytes ?? "", "base64").indexOf("worker-1\0");
    assert.ok(at > 0);
    assert.match(await evaluate(`(char*)(${second}+${at})`, frame?.id), / "worker-1"$/);
    assert.equal(await evaluate("*(char*)(" + `${second}+${at}` + ")"), "119 'w'");
    assert.match(await evaluate("main"), /^0x[0-9a-f]+ <main>$/);
    assert.equal(await evaluate("$rip", frame?.id), "0x44403e <__syscall_cancel_arch+46>");
  });

  it("says what is wrong with an expression", async () => {
    for (const [expression, sentence] of [
      ["$nothing", /called \$nothing/],
      ["nosuchsymbol", /called nosuchsymbol/],
      ["*(u64*)0", /nothing to read at 0x0/],
      ["1+", /ends too early/],
      ["(".repeat(200), /nested too deeply/],
      ["1 ; 2", /"; 2" is not understood/],
    ] as const) {
      const response = await client.ask("evaluate", { expression });
      assert.equal(response.success, false);
      assert.match(JSON.stringify(response.message).replaceAll("\\", ""), sentence);
    }
  });

  it("reads memory as it is, and says how much can't be read", async () => {
    const tree = await openTree(join(folder, "img"));
    const checkpoint = await openCheckpoint(tree, {});
    const memory = openMemory(checkpoint);
    const space = await memory.space(1);
    const stack = space.areas.find(({ kind }) => kind === "stack");
    assert.ok(stack);
    const address = stack.end - 4096n;
    const expected = await space.readBytes(address, 4096);
    const body = await client.get<DebugProtocol.ReadMemoryResponse>("readMemory", {
      memoryReference: `0x${address.toString(16)}`,
      count: 8192,
    });
    assert.equal(body?.data, Buffer.from(expected).toString("base64"));
    assert.equal(body?.unreadableBytes, 4096);
    assert.equal(body?.address, `0x${address.toString(16)}`);
    await memory.close();
    await checkpoint.close();
    await tree.close();
  });

  it("lists the program and the vDSO as modules", async () => {
    const { modules } = await client.get<DebugProtocol.ModulesResponse>("modules");
    assert.deepEqual(
      modules.map(({ path }) => path),
      ["/threads", "[vdso]"],
    );
  });

  it("shows the arguments, environment, open files and credentials of the process", async () => {
    const [frame] = await stackOf(threadId(1));
    const id = frame?.id ?? 0;
    // gdb: Core was generated by `/threads 8'.
    assert.deepEqual(
      (await rowsOf(id, "Program Arguments")).map(({ value }) => value),
      ["/threads", "8"],
    );
    assert.ok((await rowsOf(id, "Environment")).some(({ name }) => name === "PATH"));
    assert.ok((await rowsOf(id, "Open Files")).some(({ name }) => name === "0"));
    assert.ok((await rowsOf(id, "Credentials")).some(({ name, value }) => name === "uid" && value === "0"));
  });

  it("gives a page about a frame whose source is not here", async () => {
    const [frame] = await stackOf(threadId(1));
    const { content } = await client.get<DebugProtocol.SourceResponse>("source", {
      sourceReference: frame?.source?.sourceReference,
    });
    assert.match(content, /^__syscall_cancel_arch\n/);
    assert.match(content, /rsp +0x[0-9a-f]+/);
  });

  it("shows a source that is below localRoot, and no other file of this machine", async () => {
    const frames = await stackOf(threadId(1));
    const origin = frames.find(({ name }) => name === "depth3")?.source?.origin ?? "";
    const remoteRoot = dirname(origin);
    assert.ok(remoteRoot.startsWith("/"));
    const localRoot = await mkdtemp(join(tmpdir(), "sources-"));
    const place = async (roots: object): Promise<DebugProtocol.StackFrame | undefined> => {
      const other = await startPostmortem({
        checkpoint: join(folder, "img"),
        sysroot: join(folder, "root"),
        ...roots,
      });
      const { stackFrames } = await other.get<DebugProtocol.StackTraceResponse>("stackTrace", {
        threadId: 1,
      });
      await other.get("disconnect");
      return stackFrames.find(({ name }) => name === "depth3");
    };
    try {
      assert.equal((await place({ localRoot, remoteRoot }))?.source?.path, undefined);
      await writeFile(join(localRoot, "threads.c"), "");
      const found = await place({ localRoot, remoteRoot });
      assert.equal(found?.source?.path, join(localRoot, "threads.c"));
      assert.equal(found.line, GDB_LINES["401827"]);
      assert.equal((await place({ localRoot }))?.source?.path, undefined);
    } finally {
      await rm(localRoot, { recursive: true });
    }
  });

  it("refuses to go on", async () => {
    for (const command of ["continue", "next", "stepIn", "stepOut"]) {
      const response = await client.ask(command, { threadId: 1 });
      assert.equal(response.success, false);
      assert.match(response.message ?? "", /Nothing runs in a post-mortem session/);
    }
  });

  it("says of each frame how it was found where the program's file is not here", async () => {
    const other = await startPostmortem({ checkpoint: join(folder, "img"), pid: 1 });
    const all = await other.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId: 1 });
    const stackFrames = all.stackFrames.filter(({ presentationHint }) => presentationHint !== "label");
    assert.ok(stackFrames.length > 1);
    assert.ok(stackFrames.slice(1).every(({ name }) => / \((guess|frame pointer)\)$/.test(name)));
    // Each address that gdb has is among the guesses.
    const found = new Set(stackFrames.map((frame) => frame.instructionPointerReference?.replace("1:0x", "")));
    for (const [address] of GDB_THREADS.get(1) ?? []) assert.ok(found.has(address), address);
    // One row says so, before the first of them, and none behind them that who called can't be told.
    const labels = all.stackFrames.filter(({ presentationHint }) => presentationHint === "label");
    assert.deepEqual(
      labels.map(({ name }) => name.split(":")[0]),
      ["Only guesses from here"],
    );
    const at = all.stackFrames.findIndex(({ presentationHint }) => presentationHint === "label");
    assert.equal(
      all.stackFrames.findIndex(({ name }) => name.endsWith("(guess)")),
      at + 1,
    );
    assert.equal(all.totalFrames, all.stackFrames.length);
    assert.equal(new Set(all.stackFrames.map(({ id }) => id)).size, all.stackFrames.length);
    // Part by part, as editors ask, it is the same.
    const parts: string[] = [];
    for (let startFrame = 0; startFrame < all.stackFrames.length; startFrame += 3) {
      const part = { threadId: 1, startFrame, levels: 3 };
      const answer = await other.get<DebugProtocol.StackTraceResponse>("stackTrace", part);
      parts.push(...answer.stackFrames.map(({ name }) => name));
    }
    assert.deepEqual(
      parts,
      all.stackFrames.map(({ name }) => name),
    );
    // It can be chosen like any other row, and there is nothing below it.
    const frameId = all.stackFrames[at]?.id;
    assert.deepEqual(await other.get("scopes", { frameId }), { scopes: [] });
    assert.equal((await other.ask("scopes", { frameId: (frameId ?? 0) + 100 })).success, false);
    await other.get("terminate");
    await other.event("terminated");
  });

  it("calls the threads of an ELF core, which has no names for them, by their ids", async () => {
    const other = await startPostmortem({ checkpoint: join(folder, "core.1") });
    const { threads } = await other.get<DebugProtocol.ThreadsResponse>("threads");
    assert.deepEqual(
      threads.map(({ name }) => name),
      ["1 threads", ...[...GDB_THREADS.keys()].filter((tid) => tid !== 1).map(String)],
    );
    await other.get("disconnect");
  });

  it("says which file here is not the one that ran, and doesn't use it", async () => {
    const root = await mkdtemp(join(tmpdir(), "other-root-"));
    try {
      const program = await readFile(join(folder, "root/threads"));
      await writeFile(join(root, "threads"), Buffer.concat([program, Buffer.of(0)]));
      const other = await startPostmortem({ checkpoint: join(folder, "img"), sysroot: root });
      const { body } = (await other.event("output")) as DebugProtocol.OutputEvent;
      assert.match(body.output, /^Not the file that ran .*: \/threads\. .*“sysroot”/);
      const { stackFrames } = await other.get<DebugProtocol.StackTraceResponse>("stackTrace", {
        threadId: 1,
      });
      assert.ok(stackFrames.every(({ name }) => !name.includes("depth3")));
      await other.get("disconnect");
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  for (const [section, damage] of [
    [".debug_line", [0xff, 0xff]],
    [".debug_info", [0x09, 0x00]],
  ] as const)
    it(`says that ${section} of a program is damaged, once, and shows the stack all the same`, async () => {
      const root = await mkdtemp(join(tmpdir(), "damaged-root-"));
      try {
        const program = await readFile(join(folder, "root/threads"));
        const { offset } = (await openElfFile(bufferSource(program)))?.section(section) ?? {};
        assert.ok(offset !== undefined);
        // The version of its first unit.
        program.set(damage, offset + 4);
        await writeFile(join(root, "threads"), program);
        const other = await startPostmortem({ checkpoint: join(folder, "img"), sysroot: root });
        const { stackFrames } = await other.get<DebugProtocol.StackTraceResponse>("stackTrace", {
          threadId: 1,
        });
        assert.ok(stackFrames.some(({ name }) => name === "depth3"));
        await other.get("stackTrace", { threadId: 2 });
        const said = other.events
          .filter(({ event }) => event === "output")
          .map(({ body }) => (body as { output: string }).output);
        const told = said.filter((line) => line.includes("damaged"));
        assert.equal(told.length, 1, said.join(""));
        assert.match(
          told[0] ?? "",
          /^\/threads: The debug information of the program is damaged: .*“sysroot”/,
        );
        await other.get("disconnect");
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    });

  it("says that there is no such process, and what a configuration lacks", async () => {
    const client = dapClient(new PostmortemSession(openForTest));
    const missing = await client.ask("launch", { checkpoint: join(folder, "img"), pid: 999 });
    assert.match(missing.message ?? "", /no process 999/);
    const empty = await client.ask("launch", {});
    assert.match(empty.message ?? "", /names no checkpoint/);
    await client.get("disconnect");
  });
});

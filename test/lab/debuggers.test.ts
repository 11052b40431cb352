// Programs frozen in the lab, and their ELF cores opened by gdb, lldb and delve: all must agree with what a post-mortem
// session shows, and with what the programs said of themselves.
import assert from "node:assert/strict";
import { cpSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { coreOpening, debuggersHere, Resources } from "../../src/debug/index.ts";
import { openCoreTree } from "../../src/corefile/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { withMemoryIn } from "../unit/memory/support.ts";
import { coreTo, gdb, gdbRegisters, gdbThreads, hex, lldb, mappings, native, ours } from "./core-peers.ts";
import type { GdbThread } from "./core-peers.ts";
import { attachClient } from "./dap-wire.ts";
import { provideTools } from "./live-helpers.ts";
import { coreOf, folderOf, forget, freeze, PROGRAMS, stacksOf, succeed } from "./frozen-programs.ts";
import type { Frozen, PrintedThread } from "./frozen-programs.ts";

/** Program counters by thread, in order. lldb numbers threads from 1 on and says their ids in `thread list`. */
function lldbCounters(program: string, core: string): ReadonlyMap<number, readonly string[]> {
  const text = lldb(program, core, [
    "thread list",
    'settings set frame-format "FRAME ${frame.pc}\\n"',
    "thread backtrace all",
  ]);
  const tids = new Map(
    [...text.matchAll(/^[ *]*thread #(\d+): tid = (\d+)/gm)].map(([, number, tid]) => [number, Number(tid)]),
  );
  const threads = new Map<number, string[]>();
  let counters: string[] = [];
  for (const line of text.split("\n")) {
    const number = /^[ *]*thread #(\d+),/.exec(line)?.[1];
    const counter = /^[ *]*FRAME (0x[0-9a-f]+)/.exec(line)?.[1];
    if (number !== undefined) threads.set(tids.get(number) ?? 0, (counters = []));
    if (counter !== undefined) counters.push(hex(BigInt(counter)));
  }
  return threads;
}

/** Without what is the same as the one before it. */
const distinct = (texts: readonly string[]): readonly string[] =>
  texts.filter((text, index) => text !== texts[index - 1]);

describe("a frozen program of C++", () => {
  const folder = folderOf("cpp");
  let frozen: Frozen;
  let threads: readonly PrintedThread[];
  let core: string;
  const program = join(folder, "frozen");

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    frozen = freeze(folder, {
      build: `g++ -std=c++17 -O2 -g -fomit-frame-pointer -pthread -o frozen ${PROGRAMS}/frozen.cpp`,
      command: [program],
      files: ["frozen"],
    });
    threads = await stacksOf(frozen);
    core = await coreOf(frozen);
  });
  after(() => {
    forget(folder);
  });

  it("has the calls, inlined ones too, and lines that gdb has of its core", () => {
    const told = gdbThreads(program, core);
    assert.deepEqual(told.map(({ tid }) => tid).toSorted(), threads.map(({ tid }) => tid).toSorted());
    assert.equal(told.length, 3);
    for (const { tid, frames } of told) {
      const walked = ours(threads, tid);
      assert.deepEqual(
        walked.map(({ address, inlined, source }) => [address, inlined, source?.line ?? 0]),
        frames.map(({ pc, inlined, line }) => [pc, inlined, line]),
        `thread ${tid}`,
      );
    }
    const names = threads.flatMap(native).map((frame) => frame.function ?? "");
    for (const name of ["shapes::Square<int>::stand", "shapes::Square<double>::stand", "descend", "inlined"])
      assert.ok(
        names.some((each) => each.includes(name)),
        name,
      );
  });

  it("has the stacks that lldb has of its core", () => {
    const told = lldbCounters(program, core);
    assert.equal(told.size, 3);
    let whole = 0;
    for (const [tid, counters] of told) {
      // lldb moves the counters of calls that have inlined ones in them, and gives up where a call that never returns
      // is the last of its function.
      const walked = distinct(ours(threads, tid).map(({ address = "" }) => address));
      const told = distinct(counters.filter((counter) => walked.includes(counter)));
      assert.ok(told.length >= 2, `thread ${tid}`);
      assert.deepEqual(told, walked.slice(0, told.length), `thread ${tid}`);
      if (told.length === walked.length) whole++;
    }
    assert.ok(whole > 0, "lldb came to the end of a stack");
  });

  it("has in its core the vector and floating point registers that the program set", () => {
    const text = gdb(
      program,
      core,
      `thread find ${frozen.pid}`,
      "print/x $xmm9.v4_int32",
      "print $st0",
      "print $st1",
      ...(/^avx/.test(frozen.output) ? ["print/x $ymm7.v8_int32"] : []),
    );
    assert.match(text, /= \{0x11111111, 0x22222222, 0x33333333, 0x44444444\}/);
    assert.match(text, /= 1\n/);
    assert.match(text, /= 3\.14159265358979323\d+/);
    if (/^avx/.test(frozen.output))
      assert.match(
        text,
        /= \{0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666, 0x77777777, 0x88888888\}/,
      );
  });

  it("gives a core whose registers and memory are the same in lldb", () => {
    const registers = "rbx rbp r12 r13 r14 r15 rsp rip rflags fs_base".split(" ");
    const inGdb = gdb(
      program,
      core,
      ...registers.map((name) => `printf "${name} %lx\\n", $${gdbName(name)}`),
    );
    const inLldb = lldb(program, core, ["register read --all", "memory read -s 8 -f x -c 64 $rsp"]);
    for (const name of registers) {
      const value = new RegExp(`^${name} ([0-9a-f]+)$`, "m").exec(inGdb)?.[1];
      assert.ok(value, name);
      assert.match(inLldb, new RegExp(` ${name} = 0x0*${value}\\b`), name);
    }
    const words = (text: string): readonly string[] =>
      [...text.matchAll(/^\s*0x[0-9a-f]+[^:]*:\s+(0x.*)$/gm)].flatMap(([, row = ""]) =>
        row.trim().split(/\s+/),
      );
    const stack = words(gdb(program, core, "x/64gx $rsp"));
    assert.equal(stack.length, 64);
    assert.deepEqual(words(inLldb).slice(-64), stack);
  });

  it("gives a core that has the mappings for lldb that the kernel had for the process", () => {
    const { kernel, lldb: told } = mappings(readFileSync(join(folder, "maps"), "utf8"), { program, core });
    assert.ok(kernel.length > 10);
    assert.deepEqual(told, kernel);
  });
});

/** gdb's name of a register that lldb has by another. */
const gdbName = (name: string): string => (name === "rflags" ? "eflags" : name);

describe("a frozen program of Go", () => {
  const folder = folderOf("go");
  const program = join(folder, "frozen");
  let threads: readonly PrintedThread[];
  /** Goroutines that no thread runs. */
  let parked: readonly PrintedThread[];
  let core: string;

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    cpSync(join(await fixture("unwind/go-frozen"), "frozen"), program);
    const frozen = freeze(folder, { command: [program], files: ["frozen"] });
    const all = await stacksOf(frozen);
    threads = all.filter(({ goroutine }) => goroutine === undefined);
    parked = all.filter(({ goroutine }) => goroutine !== undefined);
    core = await coreOf(frozen);
  });
  after(() => {
    forget(folder);
  });

  const delve = (...commands: readonly string[]): string => {
    writeFileSync(join(folder, "init"), [...commands, "exit", ""].join("\n"));
    const options = ["--check-go-version=false", "--allow-non-terminal-interactive=true"];
    const words = ["HOME=/tmp", "dlv", "core", program, core, ...options, "--init", join(folder, "init")];
    return stripVTControlCharacters(succeed("env", words));
  };

  /** Of the runtime's assembly delve says the line behind a call. */
  const rowOf = (pc: string, name: string, line: number): readonly [string, string, number] => [
    pc,
    name,
    /^(main|syscall)\./.test(name) ? line : 0,
  ];

  it("has the threads and the calls that delve has of its core", () => {
    const tids = [...delve("threads").matchAll(/^\*? *Thread (\d+) /gm)].map(([, tid]) => Number(tid));
    assert.deepEqual(tids.toSorted(), threads.map(({ tid }) => tid).toSorted());
    let compared = 0;
    for (const tid of tids) {
      const text = delve(`thread ${tid}`, "stack 40");
      const rows = [...text.matchAll(/^ *\d+ +(0x[0-9a-f]+) in (\S+)\n +at .*:(\d+)/gm)];
      const all = rows.map(([, pc = "", name = "", line]) => rowOf(hex(BigInt(pc)), name, Number(line)));
      // Behind the thread's start delve goes on with the stack that its scheduler left.
      const start = all.findIndex(([, name]) => name === "runtime.clone");
      const told = start < 0 ? all : all.slice(0, start + 1);
      const walked = ours(threads, tid).map(({ address = "", function: name = "", source }) =>
        rowOf(address, name, source?.line ?? 0),
      );
      assert.ok(told.length > 2, text);
      assert.deepEqual(walked.slice(0, told.length), told, `thread ${tid}`);
      compared += told.length;
    }
    assert.ok(compared > 30, `${compared} frames`);
  });

  it("has in its core the registers and the memory for delve that it has for gdb", () => {
    const told = gdbRegisters(program, core);
    assert.equal(told.size, threads.length);
    for (const [tid, registers] of told) {
      const text = delve(`thread ${tid}`, "regs");
      const seen = new Map(
        [...text.matchAll(/^ *(R\w+) = 0x([0-9a-f]+)/gm)].map(([, name = "", value = ""]) => [
          name.toLowerCase(),
          BigInt(`0x${value}`).toString(16),
        ]),
      );
      assert.deepEqual(
        registers,
        registers.map((each) => each.split(" ")[0] ?? "").map((name) => `${name} ${seen.get(name) ?? "?"}`),
        `thread ${tid}`,
      );
      const stack = `0x${seen.get("rsp") ?? ""}`;
      const words = (said: string): readonly string[] =>
        [...said.matchAll(/^ *0x[0-9a-f]+[^:\n]*:\s+(0x.*)$/gm)].flatMap(([, row = ""]) =>
          row.trim().split(/\s+/),
        );
      const inGdb = words(gdb(program, core, `x/32gx ${stack}`));
      assert.equal(inGdb.length, 32);
      assert.deepEqual(words(delve(`examinemem -fmt hex -count 32 -size 8 ${stack}`)), inGdb);
    }
  });

  it("has the calls that gdb has of its core", () => {
    for (const { tid, frames } of gdbThreads(program, core)) {
      const walked = ours(threads, tid);
      const known = frames.filter(({ name }) => name !== null);
      assert.deepEqual(
        walked.slice(0, known.length).map(({ address, function: name }) => [address, name]),
        known.map(({ pc, name }) => [pc, name]),
        `thread ${tid}`,
      );
    }
  });

  it("has the goroutines that no thread runs, with the calls and what they wait for, that delve has of its core", () => {
    const text = delve("goroutines -t 40");
    // Goroutine 5 - User: ./main.go:44 main.waiting (0x4a0b1c) [chan receive]
    const told = text
      .split(/^\*? *Goroutine /m)
      .slice(1)
      .filter((each) => !/^.*\(thread \d+\)/.test(each))
      .map((each) => ({
        id: Number.parseInt(each, 10),
        status: /^.*\[([^\]]*)\]$/m.exec(each.split("\n")[0] ?? "")?.[1],
        frames: [...each.matchAll(/^\s*\d+ +(0x[0-9a-f]+) in (\S+)\n\s+at .*:(\d+)/gm)].map(
          ([, pc = "", name = "", line]) => rowOf(hex(BigInt(pc)), name, Number(line)),
        ),
      }));
    assert.ok(told.length > 5, text);
    const seen = new Map(parked.map((each) => [each.goroutine?.id, each]));
    for (const { id, status, frames } of told) {
      const own = seen.get(id);
      assert.ok(own, `goroutine ${id}`);
      if (status !== undefined)
        assert.equal(own.goroutine?.status, status.replace(/ \d+$/, ""), `goroutine ${id}`);
      const walked = native(own).map(({ address = "", function: name = "", source }) =>
        rowOf(address, name, source?.line ?? 0),
      );
      assert.deepEqual(walked, frames, `goroutine ${id}`);
    }
    const waiting = parked.filter(({ frames }) => frames.some((frame) => frame.function === "main.waiting"));
    assert.deepEqual(
      waiting.map(({ goroutine }) => goroutine?.status),
      ["chan receive", "chan receive", "chan receive"],
    );
  });

  it("opens in a session by delve, with the goroutines and calls that a post-mortem session has", async function () {
    this.timeout(240_000);
    const tools = join(folder, "tools");
    await mkdir(tools);
    await provideTools(tools, ["dlv"]);
    const own = new Resources();
    const lines: string[] = [];
    try {
      const opening = await coreOpening(
        { core, exe: "/frozen", sysroot: folder, name: "core" },
        debuggersHere([], tools),
        { own, log: (line) => lines.push(line), signal: undefined },
      );
      assert.ok(opening.kind === "session" && opening.adapter?.kind === "server");
      const client = await attachClient(opening);
      try {
        await client.attach();
        await client.event("stopped");
        const shown = await client.get<DebugProtocol.ThreadsResponse>("threads");
        const waiting = parked.filter(({ frames }) =>
          frames.some((each) => each.function === "main.waiting"),
        );
        assert.equal(waiting.length, 3);
        for (const { goroutine, frames } of waiting) {
          const threadId = goroutine?.id ?? 0;
          assert.ok(
            shown.threads.some(({ id }) => id === threadId),
            `goroutine ${threadId}`,
          );
          const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
            ...{ threadId, startFrame: 0, levels: 40 },
          });
          assert.deepEqual(
            stackFrames.map((frame) => [frame.name.replace(/\(.*$/, ""), frame.line]),
            frames.map((frame) => [frame.function, frame.source?.line]),
            `goroutine ${threadId}`,
          );
        }
      } finally {
        await client.disconnect();
      }
    } catch (error) {
      throw lines.length === 0 ? error : new Error(lines.join("\n"), { cause: error });
    } finally {
      assert.deepEqual(await own.dispose(), []);
    }
  });
});

for (const [machine, registers] of [
  ["arm", ["p $d8", "p $d20"]],
  ["x86-64", ["p/x $xmm7.v4_int32"]],
] as const)
  describe(`a core that the kernel of ${machine} wrote`, () => {
    const folder = folderOf(`kernel-${machine}`);
    after(() => {
      forget(folder);
    });

    it("is the same to gdb when Cryoscope has read it and written it again", async () => {
      await mkdir(folder, { recursive: true });
      const from = join(await fixture("unwind/kernel-cores"), machine);
      for (const name of ["core", "crash"]) cpSync(join(from, name), join(folder, name));
      // gdb warns of a program that is newer than its core: of one core, if a second ended between the two copies.
      utimesSync(join(folder, "crash"), 0, 0);
      const tree = await openCoreTree(join(folder, "core"));
      assert.ok(tree);
      await withMemoryIn(tree, (memory) => coreTo(join(folder, "again"), memory, memory.pids[0] ?? 0));
      const commands = [
        ...["info threads", "thread apply all -q bt", "thread apply all -q info registers general"],
        ...["info auxv", "info proc mappings", "x/64wx $sp", "p banner", "p weights", ...registers],
      ];
      const seen = (core: string): readonly string[] => {
        const words = [
          "set auto-load no",
          `file ${folder}/crash`,
          `core-file ${folder}/${core}`,
          ...commands,
        ];
        const text = succeed("gdb-multiarch", ["-nx", "-batch", ...words.flatMap((word) => ["-ex", word])]);
        // Some don't know how this processor packs its state: they say so in the middle of lines, and have no k0 to k7.
        const plain = text.replaceAll(/warning: Section `\.reg-xstate[^\n]*\n/g, "");
        return plain.split("\n").filter((line) => line.trim() !== "" && !/^k[0-7] /.test(line));
      };
      const again = seen("again");
      assert.deepEqual(again, seen("core"));
      const text = again.join("\n");
      assert.match(text, /Program terminated with signal SIGSEGV/);
      assert.match(text, /#4 .* in recurse \(depth=3\) at crash\.c:53\n#5 .* in faulting/);
      assert.match(text, machine === "arm" ? /= 1\.5\n.*= -2\n/ : /= \{0x11111111, 0x22222222,/);
    });
  });

describe("a program of 64-bit Arm, frozen on such a machine", () => {
  const folder = folderOf("aarch64");
  let told: { readonly threads: readonly GdbThread[] };
  let core: string;

  before(async () => {
    await mkdir(folder, { recursive: true });
    const from = await fixture("unwind/aarch64");
    cpSync(join(from, "img"), join(folder, "images"), { recursive: true });
    cpSync(join(from, "root/frozen"), join(folder, "frozen"));
    told = JSON.parse(readFileSync(join(from, "gdb.json"), "utf8")) as typeof told;
    core = await coreOf({ folder, pid: told.threads[0]?.tid ?? 0, output: "" });
  });
  after(() => {
    forget(folder);
  });

  it("has in its core, opened on this machine, the calls that gdb had there", () => {
    const script = ["-x", `${PROGRAMS}/frames.py`, join(folder, "frozen"), core];
    const text = succeed("gdb-multiarch", ["-nx", "-batch", "-ex", "set auto-load no", ...script]);
    const seen = JSON.parse(/^FRAMES (.*)$/m.exec(text)?.[1] ?? "[]") as readonly GdbThread[];
    const plain = (threads: readonly GdbThread[]): readonly unknown[] =>
      threads
        .map(({ tid, frames }) => [
          tid,
          frames.map(({ pc, name, line }) => [pc.replace(/^0x/, ""), name, line]),
        ])
        .toSorted(([a], [b]) => Number(a) - Number(b));
    assert.deepEqual(plain(seen), plain(told.threads));
  });

  it("has in its core the registers that lldb wants", () => {
    const text = lldb(join(folder, "frozen"), core, ["thread list", "register read x19 sp pc v20"]);
    assert.match(text, /pc = 0x0*41[0-9a-f]{4} /);
    // The program put 1.5 into each quarter of it.
    assert.match(text, /v20 = \{(0x00 0x00 0xc0 0x3f ?){4}\}/);
  });
});

// Cores that the kernels of two machines wrote of crash.c in the fixture: a 64-bit PC with AVX-512, and a 32-bit Arm. What is
// read of them and written again must be what those kernels wrote.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openCoreTree, openFileSink, writeCore } from "../../../src/corefile/index.ts";
import { openImage, partsOf, showMessage } from "../../../src/criu/index.ts";
import type { FieldNode, MessageNode } from "../../../src/criu/index.ts";
import { PostmortemSession } from "../../../src/debug/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { dapClient } from "../debug/dap-client.ts";
import type { DapClient } from "../debug/dap-client.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";
import type { ReadCore } from "./core-notes.ts";

const [PRSTATUS, FPREGSET, PRPSINFO, AUXV, XSTATE, VFP, FILE, SIGINFO] = [
  ...[1, 2, 3, 6, 0x202, 0x400, 0x46494c45, 0x53494749],
];
/** `pr_sigpend`, where the number of a signal that ended the process is not. */
const PENDING = { 4: [16, 20], 8: [16, 24] } as const;
/** Bytes of the times, which no checkpoint has. */
const TIMES = { 4: [40, 72], 8: [48, 112] } as const;

for (const [machine, word] of [
  ["x86-64", 8],
  ["arm", 4],
] as const)
  describe(`a core that the kernel of ${machine} wrote, read and written again`, () => {
    let folder: string;
    let ours: ReadCore;
    let kernels: ReadCore;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "kernel-core-"));
      const path = join(await fixture("unwind/kernel-cores"), machine, "core");
      kernels = await readCore(path);
      const tree = await openCoreTree(path);
      assert.ok(tree);
      const checkpoint = await openCheckpoint(tree);
      const memory = openMemory(checkpoint);
      const sink = await openFileSink(join(folder, "core"));
      await writeCore(checkpoint, memory, memory.pids[0] ?? 0, sink);
      await sink.done();
      await memory.close();
      await checkpoint.close();
      await tree.close();
      ours = await readCore(join(folder, "core"));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const of = (core: ReadCore, type: number | undefined): readonly Buffer[] =>
      core.notes.filter((note) => note.type === type).map(({ content }) => content);

    const tidOf = (note: Buffer): number => note.readUInt32LE(word === 8 ? 32 : 24);

    /** The notes of one type by the thread that each follows. */
    const byThread = (core: ReadCore, type: number | undefined): ReadonlyMap<number, Buffer> => {
      const found = new Map<number, Buffer>();
      let tid = 0;
      for (const note of core.notes) {
        if (note.type === PRSTATUS) tid = tidOf(note.content);
        if (note.type === type && !found.has(tid)) found.set(tid, note.content);
      }
      return found;
    };

    it("has the status of every thread: ids, the signal that ended the process, blocked signals, all general registers", () => {
      const [theirs, own] = [byThread(kernels, PRSTATUS), byThread(ours, PRSTATUS)];
      assert.equal(theirs.size, 3);
      assert.deepEqual([...own.keys()].toSorted(), [...theirs.keys()].toSorted());
      for (const [tid, note] of theirs) {
        const mine = own.get(tid);
        assert.equal(mine?.length, note.length);
        for (const core of [mine, note])
          for (const [from, to] of [PENDING[word], TIMES[word]]) core.fill(0, from, to);
        assert.equal(mine.toString("hex"), note.toString("hex"), `thread ${tid}`);
      }
    });

    it("has the signal that ended the process, at the thread that it was for", () => {
      const [theirs] = of(kernels, SIGINFO);
      const first = kernels.notes.find(({ type }) => type === PRSTATUS);
      const own = byThread(ours, SIGINFO).get(tidOf(first?.content ?? Buffer.alloc(64)));
      assert.equal(own?.toString("hex"), theirs?.toString("hex"));
      assert.equal(own?.readUInt32LE(0), 11);
    });

    it("has the process's names and ids, auxiliary vector and mapped files to the byte", () => {
      for (const [type, from] of [
        // Behind the state, which is that of a task that writes its core.
        [PRPSINFO, 3],
        [AUXV, 0],
        [FILE, 0],
      ] as const)
        assert.equal(
          of(ours, type)[0]?.toString("hex", from),
          of(kernels, type)[0]?.toString("hex", from),
          `${type}`,
        );
    });

    it("has the same mappings and memory", () => {
      const rows = (core: ReadCore): readonly unknown[] =>
        core.segments.map(({ start, size, flags }) => [start, size, flags]);
      assert.deepEqual(rows(ours), rows(kernels));
      for (const [index, { bytes }] of kernels.segments.entries())
        assert.ok(ours.segments[index]?.bytes.subarray(0, bytes.length).equals(bytes), `segment ${index}`);
    });

    it("has the floating point and vector registers of every thread", () => {
      const type = machine === "arm" ? VFP : FPREGSET;
      const [theirs, own] = [byThread(kernels, type), byThread(ours, type)];
      assert.equal(theirs.size, 3);
      for (const [tid, note] of theirs) {
        const mine = own.get(tid);
        // What of FXSAVE's area is left to software is the kernel's own business.
        const end = machine === "arm" ? note.length : 416;
        assert.equal(mine?.toString("hex", 0, end), note.toString("hex", 0, end), `thread ${tid}`);
      }
      if (machine === "arm") {
        // d8 and d20, which the program set.
        const note = own.get(tidOf(of(kernels, PRSTATUS)[0] ?? Buffer.alloc(64)));
        assert.equal(note?.readDoubleLE(8 * 8), 1.5);
        assert.equal(note.readDoubleLE(20 * 8), -2);
        assert.equal(note.readBigUInt64LE(30 * 8), 0xa5a5_a5a5_a5a5_a5a5n);
        return;
      }
      // The kernel packs them as this processor has them; cores are written as Intel's do, which all debuggers know.
      const packed = { 576: [576, 256], 832: [1088, 64], 896: [1152, 512], 1408: [1664, 1024] } as const;
      for (const [tid, note] of byThread(kernels, XSTATE)) {
        const mine = byThread(ours, XSTATE).get(tid);
        const inUse = note.readBigUInt64LE(512);
        assert.equal(mine?.readBigUInt64LE(512), inUse);
        for (const [index, [at, [to, size]]] of Object.entries(packed).entries())
          if ((inUse >> BigInt([2, 5, 6, 7][index] ?? 0)) % 2n === 1n)
            assert.equal(
              mine.toString("hex", to, to + size),
              note.toString("hex", Number(at), Number(at) + size),
              `thread ${tid}, ${at}`,
            );
      }
    });
  });

describe("the image of a thread with a signal on its way", () => {
  /** Where gdb has `$_siginfo._sifields._sigfault.si_addr`, which is 0x10. */
  for (const [machine, start, end] of [
    ["x86-64", 16, 24],
    ["arm", 12, 16],
  ] as const)
    it(`shows the address of the fault where a siginfo_t of ${machine} has it`, async () => {
      const tree = await openCoreTree(join(await fixture("unwind/kernel-cores"), machine, "core"));
      assert.ok(tree);
      const found: string[] = [];
      for (const { name } of await tree.list("")) {
        if (!/^core-\d+\.img$/.test(name)) continue;
        const image = await openImage(name, await tree.open(name));
        const entry = await image.entry(0);
        for (const { value } of inside(inside(entry.message.fields, "thread_core"), "signals_p")) {
          assert.ok(isMessage(value));
          const [info] = value.fields;
          const address = info && partsOf(info).find((part) => part.name === "si_addr");
          assert.deepEqual([address?.value, address?.start, address?.end], ["0x10", start, end]);
          found.push(showMessage(value));
        }
      }
      assert.deepEqual(found, ["SIGSEGV, SEGV_MAPERR, si_addr 0x10"]);
      await tree.close();
    });

  const isMessage = (value: FieldNode["value"]): value is MessageNode =>
    typeof value === "object" && "kind" in value;

  const inside = (fields: readonly FieldNode[], named: string): readonly FieldNode[] =>
    fields.flatMap(({ name, value }) => (name === named && isMessage(value) ? value.fields : []));
});

describe("a post-mortem session on a core of the kernel's", () => {
  async function withSession(machine: string, use: (client: DapClient) => Promise<void>): Promise<void> {
    const tree = await openCoreTree(join(await fixture("unwind/kernel-cores"), machine, "core"));
    assert.ok(tree);
    const checkpoint = await openCheckpoint(tree);
    const close = async (): Promise<void> => {
      await checkpoint.close();
      await tree.close();
    };
    const client = dapClient(
      new PostmortemSession(() => Promise.resolve({ checkpoint, sysroot: undefined, close })),
    );
    await client.get("launch", { checkpoint: "core" });
    await client.get("configurationDone");
    await use(client);
    await client.get("disconnect");
  }

  async function rowsOf(
    client: DapClient,
    threadId: number,
    scope: string,
  ): Promise<ReadonlyMap<string, string>> {
    const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
    const frameId = stackFrames[0]?.id;
    const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", { frameId });
    const variablesReference = scopes.find(({ name }) => name === scope)?.variablesReference;
    const { variables } = await client.get<DebugProtocol.VariablesResponse>("variables", {
      variablesReference,
    });
    return new Map(variables.map(({ name, value }) => [name, value]));
  }

  it("stops at the fault, says where it was, and has the vector registers that the program set", async () => {
    await withSession("x86-64", async (client) => {
      const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
      assert.equal(body.reason, "exception");
      assert.match(body.description ?? "", /^SIGSEGV, SEGV_MAPERR.* 0x10$/);
      const threadId = body.threadId ?? 0;
      const values = await rowsOf(client, threadId, "Floating Point and Vectors");
      const words = "12345678ffffffffeeeeeeeeddddddddccccccccbbbbbbbbaaaaaaaa99999999";
      const low = "8888888877777777666666665555555544444444333333332222222211111111";
      assert.equal(values.get("ymm7"), `0x${low}`);
      assert.equal(values.get("zmm7"), `0x${words}${low}`);
      assert.equal(values.get("zmm19"), `0x${words}${low}`);
      assert.match(values.get("zmm20") ?? "", /^0x2468acf0fffffffe.*2222222$/);
      assert.equal(values.get("k3"), "0x000000000000a5a5");
      assert.equal((await rowsOf(client, threadId, "Registers")).get("r12"), "0x8081828384858687");
    });
  });

  it("has the registers of 32-bit Arm, and says that its stacks can't be walked", async () => {
    await withSession("arm", async (client) => {
      const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
      assert.equal(body.reason, "exception");
      assert.match(body.description ?? "", /^SIGSEGV, SEGV_MAPERR.* 0x10$/);
      const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
        threadId: body.threadId,
      });
      // gdb-multiarch: #0 0x000104c4 in fault, where it was built; here by the program's own header.
      assert.match(stackFrames[0]?.name ?? "", /^crash\+0x[0-9a-f]+$/);
      assert.equal(stackFrames[1]?.presentationHint, "label");
      assert.match(stackFrames[1].name, /^Stacks of this machine can't be walked/);
      const registers = await rowsOf(client, body.threadId ?? 0, "Registers");
      assert.equal(registers.get("r8"), "0x80818283");
    });
  });
});

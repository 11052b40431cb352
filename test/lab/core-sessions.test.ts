// A core in a session of the editor, by the debug adapters of the lab's lldb and gdb: what its views ask for must be what
// gdb says of the same core in a terminal.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { coreOpening, Resources } from "../../src/debug/index.ts";
import type { Attachment } from "../../src/debug/index.ts";
import { coreWithRoot } from "./core-peers.ts";
import { attachClient } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { folderOf, forget, PROGRAMS, succeed } from "./frozen-programs.ts";
import { inLab } from "./namespaces.ts";

interface GdbThread {
  readonly tid: number;
  readonly frames: readonly { readonly pc: string; readonly name: string | null; readonly line: number }[];
}

const NO_SERVER = { own: new Resources(), log: () => undefined, signal: undefined };

const REGISTERS = ["rip", "rsp", "rbp", "rbx", "r12", "r13", "r14", "r15"] as const;

describe("a core in a session of the editor, with its sysroot", function () {
  this.timeout(240_000);
  // Their own words are not to be split or read anew on the way to the debugger.
  const folder = folderOf(`a core's "folder"`);
  const root = join(folder, "root");
  const core = join(folder, "core.1");
  const program = join(root, "threads");
  const commands = ["-nx", "-batch", "-ex", "set auto-load no"];
  let told: readonly GdbThread[];
  let registers: string;

  before(async () => {
    await coreWithRoot(core, root);
    const text = succeed("gdb", [...commands, "-x", `${PROGRAMS}/frames.py`, program, core]);
    told = JSON.parse(/^FRAMES (.*)$/m.exec(text)?.[1] ?? "[]") as readonly GdbThread[];
    const words = REGISTERS.map((name) => ["-ex", `printf "${name} %lx\\n", $${name}`]).flat();
    registers = succeed("gdb", [...commands, ...words, program, core]);
  });
  after(() => {
    forget(folder);
  });

  /** What the product starts where only this debugger is, started in the lab. */
  async function sessionWith(debug: "gdb" | "lldb-dap"): Promise<Attachment> {
    const opening = await coreOpening(
      { core, exe: "/threads", sysroot: root, name: "core" },
      {
        types: new Set(),
        find: (...asked) => Promise.resolve(asked.find((each) => each === debug)),
        setting: () => undefined,
        version: (command) => Promise.resolve(succeed(command, ["--version"])),
        configuration: (command) => Promise.resolve(succeed(command, ["--configuration"])),
      },
      NO_SERVER,
    );
    assert.ok(opening.kind === "session" && opening.adapter?.kind === "program");
    const program = debug === "gdb" ? "gdb" : "lldb-dap-19";
    const [command, args] = inLab([program, ...opening.adapter.args]);
    return { configuration: opening.configuration, adapter: { kind: "program", command, args } };
  }

  async function framesOf(
    client: WireClient,
    threadId: number,
  ): Promise<readonly DebugProtocol.StackFrame[]> {
    const args = { threadId, startFrame: 0, levels: 100 };
    return (await client.get<DebugProtocol.StackTraceResponse>("stackTrace", args)).stackFrames;
  }

  /** All variables of the scope of registers, in groups or not. */
  async function registersOf(client: WireClient, frameId: number): Promise<ReadonlyMap<string, string>> {
    const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", { frameId });
    const found = new Map<string, string>();
    const read = async (variablesReference: number): Promise<void> => {
      const { variables } = await client.get<DebugProtocol.VariablesResponse>("variables", {
        variablesReference,
      });
      for (const { name, value, variablesReference: below } of variables)
        if (below > 0 && /^General/.test(name)) await read(below);
        else found.set(name, value);
    };
    await read(scopes.find(({ name }) => name === "Registers")?.variablesReference ?? 0);
    return found;
  }

  for (const debug of ["lldb-dap", "gdb"] as const)
    it(`has the threads, calls, lines and registers that gdb has in a terminal, by ${debug}`, async () => {
      const client = await attachClient(await sessionWith(debug));
      try {
        await client.attach();
        const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
        assert.equal(body.allThreadsStopped, true);
        const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
        assert.equal(threads.length, told.length);
        for (const { id, name } of threads) {
          assert.ok(name, `thread ${id} has a name`);
          // lldb's ids are the core's, gdb's are its own.
          const tid = debug === "gdb" ? Number(/^thread (\d+)$/.exec(name)?.[1]) : id;
          const expected = told.find((each) => each.tid === tid)?.frames;
          assert.ok(expected && expected.length > 3, `thread ${tid}`);
          const frames = await framesOf(client, id);
          // lldb goes on behind main.
          const seen = frames.slice(0, expected.length).map((frame) => [
            BigInt(frame.instructionPointerReference ?? 0),
            // Of the C library lldb takes other of several names at one place.
            frame.source?.path ? frame.name.replace(/\(.*/, "") : undefined,
            frame.source?.path ? frame.line : 0,
          ]);
          assert.deepEqual(
            seen,
            expected.map(({ pc, name: called, line }) => [BigInt(pc), line > 0 ? called : undefined, line]),
            `thread ${tid}`,
          );
        }
        const first = threads.find(({ id, name }) => name === "thread 1" || (debug !== "gdb" && id === 1));
        const [top] = await framesOf(client, first?.id ?? 0);
        const seen = await registersOf(client, top?.id ?? 0);
        for (const name of REGISTERS) {
          const value = new RegExp(`^${name} ([0-9a-f]+)$`, "m").exec(registers)?.[1];
          assert.ok(value !== undefined, registers);
          const shown = /^(0x[0-9a-f]+|-?\d+)/.exec(seen.get(name) ?? "")?.[1];
          assert.ok(shown !== undefined, `${name}: ${seen.get(name) ?? "missing"}`);
          assert.equal(BigInt.asUintN(64, BigInt(shown)), BigInt(`0x${value}`), name);
        }
      } finally {
        await client.disconnect();
      }
    });
});

// In the extension host: a post-mortem session on the sample's frozen processes.
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { commands, debug, Uri, workspace } from "vscode";
import type { DebugSession } from "vscode";
import { openMemory } from "../../src/memory/index.ts";
import { openSample } from "./sample.ts";
import type { OpenedCheckpoint } from "./sample.ts";
import type { TestApi } from "../../src/vscode/extension.ts";

describe("a post-mortem session in the editor", () => {
  let api: TestApi;
  let sample: OpenedCheckpoint;

  before(async () => {
    ({ api, sample } = await openSample());
  });

  /** Runs `use` in a session on process 1, started as from its row, and waits until it has ended. */
  async function withSession(use: (session: DebugSession, stopped: number) => Promise<void>): Promise<void> {
    const stopped = new Promise<number>((resolve) => {
      const tracking = debug.registerDebugAdapterTrackerFactory("cryoscope", {
        createDebugAdapterTracker: () => ({
          onDidSendMessage: (message: DebugProtocol.Event) => {
            if (message.type !== "event" || message.event !== "stopped") return;
            tracking.dispose();
            // What @vscode/debugprotocol gives a stopped event.
            resolve((message as DebugProtocol.StoppedEvent).body.threadId ?? 0);
          },
        }),
      });
    });
    const begun = new Promise<DebugSession>((resolve) => {
      const listening = debug.onDidStartDebugSession((session) => {
        listening.dispose();
        resolve(session);
      });
    });
    const row = { kind: "process", entry: sample, process: sample.checkpoint?.process(1) };
    assert.equal(await commands.executeCommand("cryoscope.debugFrozen", row), true);
    const session = await begun;
    const ended = new Promise<void>((resolve) => {
      const listening = debug.onDidTerminateDebugSession((other) => {
        if (other.id !== session.id) return;
        listening.dispose();
        resolve();
      });
    });
    try {
      await use(session, await stopped);
    } finally {
      await debug.stopDebugging(session);
      await ended;
    }
  }

  it("shows threads, a stack and registers, and the memory that the images have", async () => {
    await withSession(async (session, threadId) => {
      const ask = async <T extends DebugProtocol.Response>(
        command: string,
        args?: object,
      ): Promise<T["body"]> =>
        // The body of a response is as @vscode/debugprotocol types it.
        (await session.customRequest(command, args)) as T["body"];
      const { threads } = await ask<DebugProtocol.ThreadsResponse>("threads");
      // sample.c has three threads.
      assert.equal(threads.length, 3);
      assert.ok(threads.some(({ id }) => id === threadId));
      const { stackFrames } = await ask<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
      const [frame] = stackFrames;
      assert.ok(frame);
      const { scopes } = await ask<DebugProtocol.ScopesResponse>("scopes", { frameId: frame.id });
      const registers = scopes.find(({ name }) => name === "Registers");
      const { variables } = await ask<DebugProtocol.VariablesResponse>("variables", {
        variablesReference: registers?.variablesReference,
      });
      const sp = variables.find(({ name }) => name === "rsp");
      assert.ok(sp?.memoryReference !== undefined);
      const { data, address } =
        (await ask<DebugProtocol.ReadMemoryResponse>("readMemory", {
          memoryReference: sp.memoryReference,
          count: 64,
        })) ?? {};
      assert.equal(address, sp.value);
      const checkpoint = await sample.load();
      const memory = openMemory(checkpoint);
      const expected = await (await memory.space(1)).readBytes(BigInt(sp.value), 64);
      await memory.close();
      assert.equal(expected.length, 64);
      assert.equal(data, Buffer.from(expected).toString("base64"));
      const { threads: known } = await checkpoint.threads(1).then(({ value }) => ({ threads: value }));
      const pointers = known.map((thread) => `0x${(thread.registers?.stackPointer ?? 0n).toString(16)}`);
      assert.ok(pointers.includes(sp.value));
    });
  });

  it("has its memory where the editor's memory view looks for it", async () => {
    await withSession(async (session) => {
      const checkpoint = await sample.load();
      const address = (await checkpoint.threads(1)).value[0]?.registers?.stackPointer ?? 0n;
      const memory = openMemory(checkpoint);
      const expected = await (await memory.space(1)).readBytes(address, 256);
      await memory.close();
      // What the hex editor opens (`getUriForDebugMemory` of VS Code).
      const reference = encodeURIComponent(`1:0x${address.toString(16)}`);
      const uri = Uri.from({
        scheme: "vscode-debug-memory",
        authority: session.id,
        path: `/${reference}/memory.bin`,
        query: "?range=0:256",
      });
      const bytes = await workspace.fs.readFile(uri);
      assert.equal(Buffer.from(bytes).toString("hex"), Buffer.from(expected).toString("hex"));
    });
  });

  it("opens the memory of a variable, and the stack of a call, in the Memory editor", async () => {
    await withSession(async (session, threadId) => {
      const { stackFrames } = (await session.customRequest("stackTrace", {
        threadId,
      })) as DebugProtocol.StackTraceResponse["body"];
      /** Waits until the editor of the process has gone there. The session's own editor may come before it: then once more. */
      const goesTo = async (address: bigint, ...[name, ...words]: [string, ...unknown[]]): Promise<void> => {
        const isThere = (): boolean => api.memory.editors.active?.selection.address === address;
        for (let turn = 0; !isThere(); turn++) {
          if (turn % 40 === 0) await commands.executeCommand(name, ...words);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        assert.equal(api.memory.editors.active?.pid, 1);
      };
      const threads = (await (await sample.load()).threads(1)).value;
      const [pointer = 0n] = threads.map((thread) => thread.registers?.stackPointer ?? 0n);
      // What VS Code gives to commands in the menus of rows of Variables and of Call Stack.
      const variable = { memoryReference: `1:0x${(pointer + 64n).toString(16)}` };
      await goesTo(pointer + 64n, "cryoscope.openVariableMemory", { sessionId: session.id, variable });
      const frameId = `stackframe:thread:${session.id}:${threadId}:0:${stackFrames[0]?.source?.name ?? ""}`;
      const frame = { sessionId: session.id, frameId };
      await goesTo(pointer, "cryoscope.openFrameMemory", stackFrames[0]?.source?.name, frame);
    });
  });

  it("refuses to run, and ends without a trace", async () => {
    await withSession(async (session, threadId) => {
      await assert.rejects(
        Promise.resolve(session.customRequest("continue", { threadId })),
        /Nothing runs in a post-mortem session/,
      );
    });
    assert.equal(debug.activeDebugSession, undefined);
    // The checkpoint stays open and can be read.
    assert.ok((await sample.load()).process(1));
  });

  it("ends when its checkpoint is closed", async () => {
    await withSession(async (session) => {
      const ended = new Promise<void>((resolve) => {
        const listening = debug.onDidTerminateDebugSession((other) => {
          if (other.id !== session.id) return;
          listening.dispose();
          resolve();
        });
      });
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry: sample });
      await ended;
    });
    assert.equal(debug.activeDebugSession, undefined);
  });
});

import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint, PendingSignal, Thread } from "../../../src/checkpoint/index.ts";
import { FrozenTarget, PostmortemSession, STACK_END } from "../../../src/debug/index.ts";
import { fixture } from "../fixtures.ts";
import { dapClient } from "./dap-client.ts";
import type { DapClient } from "./dap-client.ts";

/** A session on the fixture's process, with other threads than it had. */
async function withThreads(
  change: (threads: readonly Thread[]) => readonly Thread[],
  use: (client: DapClient) => Promise<void>,
): Promise<void> {
  const tree = await openTree(join(await fixture("memory/elfcore"), "img"));
  const real = await openCheckpoint(tree, {});
  const { value, problems } = await real.threads(1);
  const threads: Checkpoint["threads"] = () => Promise.resolve({ value: change(value), problems });
  const checkpoint: Checkpoint = { ...real, threads };
  const close = async (): Promise<void> => {
    await real.close();
    await tree.close();
  };
  const session = new PostmortemSession(() => Promise.resolve({ checkpoint, sysroot: undefined, close }));
  const client = dapClient(session);
  await client.get("launch", { checkpoint: "fixture" });
  await client.get("configurationDone");
  await use(client);
  await client.get("disconnect");
}

const SEGV: PendingSignal = {
  ...{ signal: 11, name: "SIGSEGV", description: "SIGSEGV, SEGV_MAPERR, si_addr 0x10" },
  ...{ info: { si_signo: "11", si_addr: "0x10" }, siginfo: new Uint8Array(128) },
};

describe("a post-mortem session on a process", () => {
  it("with 10,000 threads lists them all and walks the stacks that are asked for", async () => {
    await withThreads(
      ([first]) => Array.from({ length: 10_000 }, (_, index) => ({ ...(first as Thread), tid: index + 1 })),
      async (client) => {
        const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
        assert.equal(threads.length, 10_000);
        assert.equal(new Set(threads.map(({ id }) => id)).size, 10_000);
        for (const threadId of [1, 5000, 10_000]) {
          const { totalFrames, stackFrames } = await client.get<DebugProtocol.StackTraceResponse>(
            "stackTrace",
            { threadId, startFrame: 0, levels: 1 },
          );
          assert.equal(stackFrames.length, 1);
          assert.ok((totalFrames ?? 0) > 1);
        }
        const { success } = await client.ask("stackTrace", { threadId: 10_001 });
        assert.equal(success, false);
      },
    );
  });

  it("with a stack that is overwritten says in a row of its own that it goes no further", async () => {
    await withThreads(
      ([first]) =>
        first?.registers === undefined
          ? []
          : [
              {
                ...first,
                registers: { ...first.registers, general: { ...first.registers.general, sp: 8n, bp: 8n } },
              },
            ],
      async (client) => {
        const { totalFrames, stackFrames } = await client.get<DebugProtocol.StackTraceResponse>(
          "stackTrace",
          {
            threadId: 1,
          },
        );
        assert.equal(totalFrames, 2);
        const [call, label] = stackFrames;
        assert.equal(call?.presentationHint, undefined);
        assert.equal(label?.presentationHint, "label");
        assert.match(label.name, /^Who called this can't be told/);
        const part = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
          ...{ threadId: 1, startFrame: 0, levels: 1 },
        });
        assert.deepEqual([part.totalFrames, part.stackFrames.length], [2, 1]);
      },
    );
  });

  it("with a stack of frames without end, or that lead back, says which in that row", async () => {
    assert.match(STACK_END.limit ?? "", /more calls than are shown/);
    assert.match(STACK_END.cycle ?? "", /damaged: its frames lead back/);
    await withThreads(
      (threads) => threads,
      async (client) => {
        const label = async (target: FrozenTarget["stack"]): Promise<string | undefined> => {
          const original = FrozenTarget.prototype.stack;
          FrozenTarget.prototype.stack = target;
          try {
            const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
              threadId: 1,
            });
            return stackFrames.at(-1)?.name;
          } finally {
            FrozenTarget.prototype.stack = original;
          }
        };
        const { stack } = FrozenTarget.prototype;
        for (const end of ["limit", "cycle"] as const)
          assert.equal(
            await label(async function (this: FrozenTarget, thread) {
              return { ...(await stack.call(this, thread)), end };
            }),
            STACK_END[end],
          );
      },
    );
  });

  it("with a fault on its way stops at the thread that has it, and says which", async () => {
    await withThreads(
      (threads) => threads.map((thread) => (thread.tid === 7 ? { ...thread, pending: [SEGV] } : thread)),
      async (client) => {
        const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
        const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
        assert.equal(body.reason, "exception");
        assert.match(threads.find(({ id }) => id === body.threadId)?.name ?? "", /^7 /);
        const info = await client.get<DebugProtocol.ExceptionInfoResponse>("exceptionInfo", {
          threadId: body.threadId,
        });
        assert.equal(info.exceptionId, "SIGSEGV");
        assert.equal(info.details?.message, "si_signo 11, si_addr 0x10");
      },
    );
  });

  it("with a thread whose registers are missing shows it without a stack", async () => {
    await withThreads(
      (threads) => threads.map((thread) => ({ ...thread, registers: undefined })),
      async (client) => {
        const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
          threadId: 1,
        });
        assert.deepEqual(stackFrames, []);
      },
    );
  });

  it("gives a part of a long list when that is asked for", async () => {
    await withThreads(
      (threads) => threads,
      async (client) => {
        const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
          threadId: 1,
        });
        const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", {
          frameId: stackFrames[0]?.id,
        });
        const variablesReference = scopes.find(({ name }) => name === "Registers")?.variablesReference;
        const read = async (range: object): Promise<readonly string[]> =>
          (
            await client.get<DebugProtocol.VariablesResponse>("variables", { variablesReference, ...range })
          ).variables.map(({ name }) => name);
        const all = await read({});
        assert.deepEqual(await read({ start: 3, count: 4 }), all.slice(3, 7));
      },
    );
  });
});

import assert from "node:assert/strict";
import { onEntry, thenPause } from "../../../src/debug/index.ts";

/** As lldb-dap 19 says it, with what the tests don't look at left out. */
const attached = () => ({
  ...{ type: "event", event: "stopped" },
  body: { reason: "exception", description: "signal SIGSTOP", text: "signal SIGSTOP", threadId: 7 },
});
const crashed = () => ({
  ...{ type: "event", event: "stopped" },
  body: { reason: "exception", description: "signal SIGSEGV", text: "signal SIGSEGV", threadId: 7 },
});

describe("the first stop of a debugger that stops on entry", () => {
  it("is one on entry, not an exception", () => {
    const see = onEntry();
    const message = attached();
    see({ type: "event", event: "initialized" });
    see(message);
    assert.deepEqual(message.body, { reason: "entry", description: "Paused on entry", threadId: 7 });
  });

  it("stays what it is when it isn't the stop by which the debugger attached", () => {
    const message = crashed();
    onEntry()(message);
    assert.deepEqual(message, crashed());
  });

  it("is one only: a SIGSTOP that comes later is the program's own", () => {
    const see = onEntry();
    see(crashed());
    const message = attached();
    see(message);
    assert.deepEqual(message, attached());
  });

  it("takes whatever an adapter sends", () => {
    const see = onEntry();
    for (const message of [undefined, null, 1, {}, { event: "stopped" }, { event: "stopped", body: null }])
      see(message);
  });
});

describe("a debugger that holds nothing that it attaches to", () => {
  const configured = { type: "response", command: "configurationDone", success: true };
  const started = (threadId: number) => ({
    type: "event",
    event: "thread",
    body: { reason: "started", threadId },
  });

  function paused(...messages: readonly unknown[]): readonly number[] {
    const threads: number[] = [];
    const see = thenPause((threadId) => threads.push(threadId));
    for (const message of messages) see(message);
    return threads;
  }

  it("is told to pause its first thread, once, when it has been told the breakpoints", () => {
    assert.deepEqual(paused(started(3)), []);
    assert.deepEqual(paused(configured), []);
    assert.deepEqual(paused(started(3), started(4), configured, started(5)), [3]);
    assert.deepEqual(paused(configured, started(3), started(4), configured), [3]);
  });

  it("is left alone where it has stopped by itself, or couldn't be told", () => {
    const stopped = { type: "event", event: "stopped", body: { reason: "breakpoint", threadId: 3 } };
    assert.deepEqual(paused(started(3), stopped, configured), []);
    assert.deepEqual(paused(started(3), { ...configured, success: false }), []);
    assert.deepEqual(paused(undefined, null, 1, {}, { event: "thread", body: null }, started(3)), []);
  });
});

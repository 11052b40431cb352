// A process as odd as the kernel allows (test/fixtures/odd/odd.c): what is said of it in words.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";

const [MAIN, THREAD] = [54, 61] as const;

describe("an odd process", () => {
  let checkpoint: Checkpoint;

  before(async () => {
    checkpoint = await openCheckpoint(await openTree(join(await fixture("odd/odd"), "images")));
  });
  after(() => checkpoint?.close());

  it("has open files that are told apart and described as they are", async () => {
    const { value } = await checkpoint.openFiles(MAIN);
    const said = value
      .filter(({ fd }) => fd > 2)
      .map(({ description }) => description.replaceAll(/\d{4,}(?=\])|(?<=in )\d+/g, "N"));
    assert.deepEqual(said, [
      "TCP6 [fe80::1%ice0]:7100 LISTEN",
      "UDP6 [fe80::1%ice0]:7101",
      "TCP6 [::ffff:127.0.0.1]:7106 LISTEN",
      "raw ICMP 0.0.0.0",
      "raw6 ICMPV6 [::1]",
      "netlink GENERIC",
      "netlink ROUTE",
      "packet dgram on all interfaces",
      // The kernel's name ends with a NUL.
      "unix dgram @abs\udcff\0x\0",
      "unix dgram socket:[N] → socket:[N]",
      "unix dgram socket:[N] → socket:[N]",
      "timerfd CLOCK_REALTIME, in N s",
      "timerfd CLOCK_MONOTONIC, in N s, then every 60 s",
      "timerfd CLOCK_BOOTTIME, not armed, expired once",
      "timerfd CLOCK_MONOTONIC, not armed",
      // Latin-1: the last bytes are no UTF-8, and two names stay two.
      "/w/o/odds/caf\udce9",
      "/w/o/odds/caf\udce8",
      "fifo /w/o/odds/fifo (deleted)",
      "/memfd:sea led\n\udcff (deleted)",
      "/w/o/ready",
    ]);
  });

  it("has sockets with a backlog only where they listen", async () => {
    const { value } = await checkpoint.openFiles(MAIN);
    const backlogs = value.flatMap(({ detail }) =>
      detail?.kind === "inet" || detail?.kind === "unix" ? [[detail.state, detail.backlog]] : [],
    );
    assert.deepEqual(
      backlogs.filter(([, backlog]) => backlog !== 0),
      [
        ["LISTEN", 4],
        ["LISTEN", 3],
      ],
    );
  });

  it("has a thread whose children don't inherit its real-time policy", async () => {
    const { value } = await checkpoint.threads(MAIN);
    assert.deepEqual(
      value.map(({ tid, scheduling }) => [
        tid,
        scheduling?.policy,
        scheduling?.priority,
        scheduling?.resetOnFork,
      ]),
      [
        [MAIN, "SCHED_OTHER", 0, undefined],
        [THREAD, "SCHED_RR", 7, true],
      ],
    );
  });

  it("has the personality that /proc had, whose digits CRIU took for decimal ones", async () => {
    const { value } = await checkpoint.details(MAIN);
    assert.deepEqual(value?.personality, {
      bits: 0x0024_0000,
      flags: ["ADDR_NO_RANDOMIZE", "ADDR_COMPAT_LAYOUT"],
    });
  });

  it("has three messages in its queue, one of them without bytes", async () => {
    const { value } = await checkpoint.ipc();
    const queues = value.flatMap(({ messageQueues }) => messageQueues);
    assert.deepEqual(
      queues.map(({ messages }) => messages.map(({ type, content }) => [type, content.size])),
      [
        [
          [7n, 7],
          [7n, 0],
          [7n, 32],
        ],
      ],
    );
  });
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint, Content, FileDetail, OpenFile } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

/** An entry of tcp-stream-ID.img in crit's words. */
interface CritStream {
  readonly inq_len: number;
  readonly inq_seq: number;
  readonly outq_len: number;
  readonly outq_seq: number;
  readonly unsq_len: number;
  readonly extra: { readonly inq: string; readonly outq: string };
}

/** An entry of pipes-data.img in crit's words. */
interface CritPipe {
  readonly pipe_id: number;
  readonly bytes: number;
  readonly size: number;
  readonly extra: string;
}

async function critPipes(): Promise<readonly CritPipe[]> {
  const file = join(await fixture("corpus/c-pipes"), "crit/pipes-data.img.json");
  return (JSON.parse(await readFile(file, "utf8")) as { readonly entries: readonly CritPipe[] }).entries;
}

type Kind = FileDetail["kind"];
type DetailOf<K extends Kind> = Extract<FileDetail, { kind: K }>;

/** Runs `use` on the open files of each process of a dump, with what fdinfo said of each. */
async function withFiles(
  name: string,
  use: (
    files: readonly OpenFile[],
    info: (fd: number) => string,
    checkpoint: Checkpoint,
  ) => Promise<void> | void,
): Promise<void> {
  await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
    for (const pid of await snapshotPids(folder)) {
      const { fd } = await readSnapshot(folder, pid);
      const { value, problems } = await checkpoint.openFiles(pid);
      assert.deepEqual(problems, []);
      await use(value, (number) => fd[number]?.info ?? "", checkpoint);
    }
  });
}

function detailsOf<K extends Kind>(
  files: readonly OpenFile[],
  kind: K,
): readonly (DetailOf<K> & { fd: number })[] {
  // The filter is what the cast says.
  return files
    .filter((file) => file.detail?.kind === kind)
    .map((file) => ({ ...(file.detail as DetailOf<K>), fd: file.fd }));
}

async function textOf(checkpoint: Checkpoint, content: Content | undefined): Promise<string> {
  assert(content);
  const source = await checkpoint.openContent(content);
  const bytes = await source.read(0, source.size);
  await source.close?.();
  return Buffer.from(bytes).toString("latin1");
}

const hex = (value: bigint | number): string => value.toString(16);

describe("details of open files", () => {
  it("of eventfd, timerfd, signalfd and epoll are what fdinfo said", async () => {
    await withFiles("c-eventpoll", (files, info) => {
      for (const { fd, counter } of detailsOf(files, "eventfd"))
        assert.match(info(fd), new RegExp(`^eventfd-count: +${hex(counter)}$`, "m"));
      for (const timer of detailsOf(files, "timerfd")) {
        assert.match(info(timer.fd), new RegExp(`^clockid: ${timer.clockId}$`, "m"));
        assert.match(info(timer.fd), new RegExp(`^settime flags: 0${timer.settimeBits}$`, "m"));
        assert.match(
          info(timer.fd),
          new RegExp(`^it_interval: \\(${timer.interval / 1_000_000_000n}, `, "m"),
        );
      }
      for (const { fd, signals } of detailsOf(files, "signalfd"))
        assert.match(info(fd), new RegExp(`^sigmask:\\t${hex(signals.bits).padStart(16, "0")}$`, "m"));
      const polls = detailsOf(files, "epoll");
      assert.equal(polls.length, 2);
      for (const { fd, targets } of polls)
        assert.deepEqual(
          targets.map((target) => [
            target.fd,
            hex(target.eventBits),
            hex(target.data),
            hex(target.inode ?? 0n),
          ]),
          [...info(fd).matchAll(/^tfd: +(\d+) events: +(\w+) data: +(\w+) +pos:\d+ ino:(\w+)/gm)].map(
            (match) => [Number(match[1]), ...match.slice(2)],
          ),
        );
    });
  });

  it("of inotify and fanotify are what fdinfo said", async () => {
    await withFiles("c-inotify", (files, info) => {
      for (const { fd, watches } of detailsOf(files, "inotify"))
        assert.deepEqual(
          watches.map((watch) => [
            watch.wd,
            hex(watch.inode),
            hex(watch.mask),
            Buffer.from(watch.handle.bytes).toString("hex"),
          ]),
          [...info(fd).matchAll(/^inotify wd:(\w+) ino:(\w+) .*mask:(\w+) ignored.*f_handle:(\w+)$/gm)].map(
            (match) => [Number.parseInt(match[1] ?? "", 16), ...match.slice(2)],
          ),
        );
      const [fanotify] = detailsOf(files, "fanotify");
      assert(fanotify);
      const [mark] = fanotify.marks;
      assert(mark?.on?.type === "inode");
      assert.match(
        info(fanotify.fd),
        new RegExp(`^fanotify flags:${fanotify.initFlagBits} event-flags:8000$`, "m"),
      );
      assert.match(
        info(fanotify.fd),
        new RegExp(`^fanotify ino:${hex(mark.on.inode)} .*mask:${hex(mark.mask)} `, "m"),
      );
    });
  });

  it("of pipes and named pipes have both ends and what waits in them", async () => {
    // feat.c, case pipes: "data in pipe" in one, 100,000 bytes in another that was made larger, "fifo data" in the named one.
    const compared = new Set<number>();
    await withFiles("c-pipes", async (files, _info, checkpoint) => {
      const pipes = detailsOf(files, "pipe");
      const full = pipes.filter(({ buffer }) => (buffer?.content.size ?? 0) > 0);
      assert.ok(full.length > 0);
      for (const { buffer } of full) {
        const text = await textOf(checkpoint, buffer?.content);
        assert.equal(text.length, buffer?.content.size);
        assert.doesNotMatch(text, /^\0/);
      }
      // What crit says of the same buffers, for the pipes of this process.
      for (const { pipe_id, bytes, size, extra } of await critPipes()) {
        const buffer = pipes.find(({ pipeId }) => pipeId === pipe_id)?.buffer;
        if (buffer === undefined) continue;
        assert.equal(
          await textOf(checkpoint, buffer.content),
          Buffer.from(extra, "base64").toString("latin1"),
        );
        assert.deepEqual([buffer.content.size, buffer.capacity], [bytes, size]);
        compared.add(pipe_id);
      }
      for (const fifo of detailsOf(files, "fifo"))
        assert.match(await textOf(checkpoint, fifo.buffer?.content), /fifo/);
    });
    assert.equal(compared.size, 3);
  });

  it("of deleted files have their content, holes and all", async () => {
    await withFiles("c-ghost", async (files, _info, checkpoint) => {
      const ghosts = detailsOf(files, "regular").flatMap(({ remap }) =>
        remap?.type === "ghost" ? [remap] : [],
      );
      const [text, mapped, sparse] = await Promise.all(
        ghosts.map((ghost) => textOf(checkpoint, ghost.content)),
      );
      assert.equal(text, "this file was unlinked\n");
      assert.equal(mapped?.length, 16384);
      assert.equal(mapped?.slice(4096, 4108), "mapped ghost");
      assert.equal(sparse?.length, 1_048_576);
      assert.match(sparse ?? "", /^\0+[^\0]+/);
    });
  });

  it("of unlinked files with another link name that", async () => {
    await withFiles("c-linkremap", (files) => {
      const [file] = detailsOf(files, "regular").filter(({ remap }) => remap !== undefined);
      assert(file?.remap?.type === "linked");
      assert.match(file.remap.path ?? "", /link_remap\.\d+$/);
    });
  });

  it("of memfds have size, seals and content", async () => {
    await withFiles("c-memfd", async (files, _info, checkpoint) => {
      const [mapped, unmapped] = detailsOf(files, "memfd");
      assert.deepEqual(mapped?.seals, ["F_SEAL_SHRINK", "F_SEAL_GROW"]);
      assert.equal(mapped.size, 65536n);
      assert.match(await textOf(checkpoint, mapped.content), /memfd/);
      assert.equal((await textOf(checkpoint, unmapped?.content)).length, 9);
    });
  });

  it("of unix sockets have the other end and the messages that wait", async () => {
    await withFiles("c-unix", async (files, _info, checkpoint) => {
      const sockets = detailsOf(files, "unix");
      const byInode = new Map(sockets.map((socket) => [socket.inode, socket]));
      for (const { inode, peer, type, name } of sockets)
        if (peer !== 0 && byInode.get(peer)?.peer !== 0 && type !== "DGRAM" && name === "")
          assert.equal(byInode.get(peer)?.peer, inode);
      const queued = await Promise.all(
        sockets.flatMap(({ queue }) => queue.map(({ content }) => textOf(checkpoint, content))),
      );
      assert.ok(queued.length >= 3);
      assert.ok(queued.every((message) => message.length > 0));
      assert.equal(sockets.find(({ name }) => name === "@lab-abstract-name")?.state, "LISTEN");
    });
  });

  it("of terminals have who controls them, their size, modes and what was typed", async () => {
    await withFiles("c-pty", (files) => {
      for (const tty of detailsOf(files, "tty")) {
        assert.equal(tty.index, 0);
        assert.deepEqual(tty.window, { rows: 33, columns: 101 });
        assert.equal(tty.modes?.characters["VINTR"], 3);
        assert.equal(tty.modes.characters["VEOF"], 4);
        assert.deepEqual(tty.modes.local, [
          "ISIG",
          "ICANON",
          "ECHO",
          "ECHOE",
          "ECHOK",
          "ECHOCTL",
          "ECHOKE",
          "IEXTEN",
        ]);
        if (tty.master) assert.equal(Buffer.from(tty.buffered ?? []).toString(), "typed");
      }
    });
  });

  it("of netlink sockets, tun files and pidfds say where they lead", async () => {
    await withFiles("c-netlink", (files) => {
      assert.deepEqual(
        detailsOf(files, "netlink").map(({ protocol, groups }) => [protocol, groups]),
        [
          // crit: groups 17, and none.
          ["NETLINK_ROUTE", [1, 5]],
          ["NETLINK_KOBJECT_UEVENT", []],
        ],
      );
    });
    await withFiles("c-pidfd", (files, info) => {
      for (const { fd, pid } of detailsOf(files, "pidfd"))
        assert.match(info(fd), new RegExp(`^NSpid:\\t${pid}$`, "m"));
    });
    await withFiles("c-tun-netns", (files) => {
      // crit: ns_id 9, and no device: the program has only opened it.
      assert.deepEqual(
        detailsOf(files, "tun").map(({ device, detached, namespaceId }) => [device, detached, namespaceId]),
        [[undefined, false, 9]],
      );
    });
  });

  it("of TCP connections have both queues", async () => {
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint, folder) => {
      const sockets = detailsOf((await checkpoint.openFiles(1)).value, "inet");
      const connected = sockets.filter(({ state }) => state === "ESTABLISHED");
      assert.ok(connected.length >= 2);
      for (const { tcp } of connected) {
        assert(tcp);
        assert.ok(tcp.options.includes("TCPI_OPT_SACK"));
        // What crit says of the same queues.
        const name = join(folder, "expected-json", `${tcp.image}.json`);
        const [truth] = (
          JSON.parse(await readFile(name, "utf8")) as { readonly entries: readonly CritStream[] }
        ).entries;
        assert(truth);
        const bytes = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");
        assert.equal(await textOf(checkpoint, tcp.received), bytes(truth.extra.inq));
        assert.equal(await textOf(checkpoint, tcp.sent), bytes(truth.extra.outq));
        assert.deepEqual(
          [tcp.received.size, tcp.sent.size, tcp.unsent, tcp.receivedSequence, tcp.sentSequence],
          [truth.inq_len, truth.outq_len, truth.unsq_len, truth.inq_seq, truth.outq_seq],
        );
      }
      assert.ok(connected.some(({ tcp }) => (tcp?.received.size ?? 0) > 0));
      assert.ok(connected.some(({ tcp }) => (tcp?.sent.size ?? 0) > 0));
    });
  });
});

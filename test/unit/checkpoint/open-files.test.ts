import assert from "node:assert/strict";
import type { OpenFile } from "../../../src/checkpoint/index.ts";
import { readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

/** open(2) flags of x86-64 as fcntl.h has them. */
const FLAGS: Readonly<Record<string, number>> = {
  O_RDONLY: 0,
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_SYNC: 0o4010000,
  O_ASYNC: 0o20000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
};
const DUMPS = [
  "a-single",
  "c-files",
  "c-unix",
  "c-pipes",
  "c-eventpoll",
  "c-inotify",
  "c-memfd",
  "c-ghost",
  "c-linkremap",
  "c-pty",
  "c-tcplisten",
  "c-udp",
  "c-netlink",
  "c-pidfd",
  "c-shmem",
];

describe("open files of a process", () => {
  for (const name of DUMPS)
    it(`have the numbers, names, flags and positions that /proc gave, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        for (const pid of await snapshotPids(folder)) {
          const { fd } = await readSnapshot(folder, pid);
          const { value, problems } = await checkpoint.openFiles(pid);
          assert.deepEqual(problems, []);
          assert.deepEqual(
            value.map((file) => file.fd),
            Object.keys(fd).map(Number),
          );
          for (const file of value) {
            const truth = fd[file.fd];
            assert(truth);
            compare(file, truth.link, truth.info);
          }
        }
      });
    });

  it("say what a socket is and where it leads", async () => {
    // What ss and the program say of the same sockets: see the corpus's proc/ss.txt.
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint) => {
      const { value } = await checkpoint.openFiles(1);
      const descriptions = new Map(value.map((file) => [file.fd, file.description]));
      assert.equal(descriptions.get(34), "TCP 127.0.0.1:8123 LISTEN");
      assert.match(descriptions.get(35) ?? "", /^TCP 127\.0\.0\.1:\d+ → 127\.0\.0\.1:8123 ESTABLISHED$/);
      assert.match(descriptions.get(36) ?? "", /^TCP 127\.0\.0\.1:8123 → 127\.0\.0\.1:\d+ ESTABLISHED$/);
      assert.equal(descriptions.get(38), "TCP6 [::1]:8125 LISTEN");
      assert.equal(descriptions.get(6), "/data/ghost-small (deleted)");
      assert.equal(descriptions.get(10), "/data/linked-a (deleted)");
      assert.equal(descriptions.get(29), "eventfd, counter 5");
    });
  });
});

/** Compares with /proc/PID/fd and fdinfo. Kinds that the kernel gives no name are compared by what else it says. */
function compare(file: OpenFile, link: string, info: string): void {
  const flags = Number.parseInt(/^flags:\t(\d+)$/m.exec(info)?.[1] ?? "", 8);
  const position = BigInt(/^pos:\t(\d+)$/m.exec(info)?.[1] ?? "");
  assert.equal(file.closeOnExec, (flags & 0o2000000) !== 0, link);
  if (file.flags.length > 0) {
    // O_CLOEXEC is the descriptor's, not the file's: fdinfo shows both as one. O_LARGEFILE means nothing here but
    // for regular files.
    const ignored = 0o2000000 | (file.type === "REG" ? 0 : 0o100000);
    assert.equal(number(file.flags) & ~ignored, flags & ~ignored, link);
  }
  if (file.flagBits !== undefined) assert.equal(file.flagBits & ~0o2100000, flags & ~0o2100000, link);
  const inode = /^ino:\t(\d+)$/m.exec(info)?.[1];
  if (file.inode !== undefined && inode !== undefined) assert.equal(String(file.inode), inode, link);
  if (file.type === "REG") assert.equal(file.position, position, link);
  if (link.startsWith("pipe:")) assert.equal(file.description, link);
  if (link.startsWith("/memfd:") || file.type === "REG") assert.equal(file.description, link);
  if (file.type === "FIFO" || file.type === "TTY") assert.equal(file.path, link);
}

function number(names: readonly string[]): number {
  return names.reduce((sum, name) => sum | (FLAGS[name] ?? Number(name)), 0);
}

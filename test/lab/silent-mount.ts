/**
 * What becomes of a checkpoint on a mount that falls silent. Runs in a mount namespace of its own:
 * `unshare --mount --propagation private node --import tsx silent-mount.ts FOLDER MOUNTPOINT`. Prints one JSON object.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openFolder, openTree } from "../../src/archive/index.ts";
import { CryoscopeError } from "../../src/bytes/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { openSealedTree } from "../../src/seal/index.ts";

const [folder = "", mountpoint = ""] = process.argv.slice(2);
const PATIENCE = 1500;
/** A plain tar of the other files, in the folder. */
const ARCHIVE = "images.tar";
/** More than there are threads. */
const QUESTIONS = 12;

/** How often a timer of 10 ms fired while `work` went on, and the longest it was late. */
async function heartbeat<T>(work: Promise<T>): Promise<{ result: T; beats: number; late: number }> {
  let beats = 0;
  let late = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late = Math.max(late, now - last - 10);
    last = now;
    beats++;
  }, 10);
  const result = await work;
  clearInterval(timer);
  return { result, beats, late: Math.round(late) };
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "answered",
    (error: unknown) => (error instanceof CryoscopeError ? error.code : String(error)),
  );

async function tell(server: ChildProcess, word: "silence" | "speak"): Promise<void> {
  server.send(word);
  await once(server, "message");
}

async function main(): Promise<void> {
  const script = join(import.meta.dirname, "fuse.ts");
  const server = spawn(process.execPath, ["--import", "tsx", script, folder, mountpoint], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(server, "message");
  try {
    // While it speaks, it is a folder like any other.
    const checkpoint = await openCheckpoint(await openTree(mountpoint));
    const processes = checkpoint.processes.map(({ pid, comm }) => `${pid} ${comm}`);
    const problems = checkpoint.problems.map(({ code }) => code);
    await checkpoint.close();

    const tree = await openFolder(mountpoint, { patience: PATIENCE });
    const names = (await tree.list("")).filter(({ kind }) => kind === "file").map(({ path }) => path);
    const open = await tree.open("pages-2.img");
    const packed = join(mountpoint, ARCHIVE);
    const archive = await openTree(packed, { patience: PATIENCE });
    const packedNames = (await archive.list("")).map(({ name }) => name);
    const pages = await archive.open("pages-2.img");
    await tell(server, "silence");
    const silent = await heartbeat(
      Promise.all([
        codeOf(openTree(mountpoint, { patience: PATIENCE })),
        codeOf(tree.list("")),
        codeOf(open.read(0, 4096)),
        codeOf(openTree(packed, { patience: PATIENCE })),
        codeOf(openSealedTree(packed, [], { patience: PATIENCE })),
        codeOf(pages.read(0, 4096)),
        ...names.slice(0, QUESTIONS).map((name) => codeOf(tree.open(name))),
      ]),
    );
    await tell(server, "speak");
    // What was asked and given up is answered first.
    await sleep(100);
    const after = [await codeOf(tree.open("inventory.img")), await codeOf(pages.read(0, 4096))];
    await open.close?.();
    await archive.close();
    await tree.close();
    console.log(JSON.stringify({ processes, problems, packedNames, silent, after }));
  } finally {
    spawnSync("umount", ["-l", mountpoint]);
    server.kill("SIGKILL");
  }
}

await main();

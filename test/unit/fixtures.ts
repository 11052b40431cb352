// Real checkpoints for the tests: `test/fixtures/NAME.tar.gz`, unpacked on first use into a git-ignored cache.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../..", import.meta.url));
const unpacked = new Map<string, Promise<string>>();

/**
 * The folder that `test/fixtures/NAME.tar.gz` unpacks to, with its one top folder already entered: for
 * `fixture("corpus/a-single")` it holds `img/`, `crit/`, … Links in it are kept. Read it, never write to it.
 */
export function fixture(name: string): Promise<string> {
  let folder = unpacked.get(name);
  if (folder === undefined) {
    folder = unpack(name);
    unpacked.set(name, folder);
  }
  return folder;
}

async function unpack(name: string): Promise<string> {
  const archive = join(project, "test/fixtures", `${name}.tar.gz`);
  const hash = createHash("sha256")
    .update(await readFile(archive))
    .digest("hex");
  const target = join(project, ".cache/fixtures", `${name}-${hash.slice(0, 12)}`);
  if (!existsSync(target)) {
    await mkdir(dirname(target), { recursive: true });
    const draft = await mkdtemp(`${target}.`);
    await run("tar", ["-xzf", archive, "-C", draft]);
    // Podman keeps its folders at mode 0600, which only root can enter.
    await run("chmod", ["-R", "u+rwX", draft]);
    // The rename is the only step others can see; who comes second throws the own copy away.
    await rename(draft, target).catch(async (error: unknown) => {
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(target)) throw error;
    });
  }
  const [only, ...others] = await readdir(target, { withFileTypes: true });
  return only?.isDirectory() && others.length === 0 ? join(target, only.name) : target;
}

/**
 * Dumps of the corpus, one for every kind of thing: each has `img/`, `crit/` (what `crit decode` said of it) and `proc/` (what the
 * live processes' was).
 */
export const DUMPS = [
  "a-single",
  "b-threads50",
  "c-aio",
  "c-cgroup-full",
  "c-eventpoll",
  "c-files",
  "c-ghost",
  "c-inotify",
  "c-linkremap",
  "c-locks",
  "c-memfd",
  "c-netlink",
  "c-pidfd",
  "c-pipes",
  "c-pty",
  "c-raw",
  "c-seccomp",
  "c-shmem",
  "c-signals",
  "c-sysv",
  "c-tcplisten",
  "c-timers",
  "c-tun-netns",
  "c-udp",
  "c-unix",
  "ns-mnt",
  "ns-net",
  "ns-pid-uts-ipc",
  "ns-time",
] as const;

/** Programs frozen in the lab by criu itself, and what Cryoscope makes of them: stacks and cores. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run as writeCore } from "../../src/cli/core.ts";
import { run as printStacks } from "../../src/cli/stack.ts";
import { inLab } from "./namespaces.ts";
import { ROOT } from "./place.ts";
import { LAB_SHARE } from "./sockets.ts";

/** The programs' sources, as the lab sees them. */
export const PROGRAMS = "/project/test/lab/programs";

/** A folder of this run, at the same path on both sides. */
export const folderOf = (name: string): string => join(LAB_SHARE, `frozen-${name}-${process.pid}`);

/** Builds and starts a program, waits until it says "ready" or has written a file, and freezes it. What it prints is in `out`. */
const FREEZE = `
folder=$1; build=$2; signal=$3; settle=$4; told=$5; shift 5
mkdir -p $folder/images
cd $folder
eval "$build"
setsid "$@" </dev/null >$folder/out 2>&1 &
pid=$!
trap 'kill -KILL $pid 2>/dev/null || true' EXIT
ready() { if [ -n "$told" ]; then [ -s "$told" ]; else grep -q ready $folder/out; fi; }
for try in $(seq 600); do ready && break; sleep 0.1; done
ready || { cat $folder/out >&2; exit 1; }
sleep $settle
[ -z "$signal" ] || { kill -$signal $pid; sleep 0.5; }
echo $pid >$folder/pid
cat /proc/$pid/maps >$folder/maps
criu dump --tree $pid --images-dir $folder/images --shell-job --log-file dump.log --leave-running >/dev/null || {
  tail -n 20 $folder/images/dump.log >&2; exit 1; }
`;

export interface Frozen {
  readonly pid: number;
  readonly folder: string;
  /** What the program printed. */
  readonly output: string;
}

/** A frame as `cryoscope stack --json` prints it. */
export interface PrintedFrame {
  readonly language: "native" | "python" | "javascript";
  readonly address?: string;
  readonly function?: string;
  readonly symbol?: string;
  readonly foundBy?: string;
  readonly inlined?: boolean;
  readonly compiled?: boolean;
  readonly source?: { readonly path: string; readonly line: number };
}

export interface PrintedThread {
  /** 0 of a goroutine that no thread runs. */
  readonly tid: number;
  readonly goroutine?: { readonly id: number; readonly status: string };
  readonly frames: readonly PrintedFrame[];
}

/** Freezes a program in `folder`. `files` of it are laid into the lab's root, as a sysroot has them. */
export function freeze(
  folder: string,
  program: {
    readonly build?: string;
    readonly signal?: string;
    /** A file that the program writes when it is ready, if it doesn't say so. */
    readonly told?: string;
    /** Seconds from then to the freeze. */
    readonly settle?: number;
    readonly command: readonly string[];
    readonly files?: readonly string[];
  },
): Frozen {
  const words = ["freeze", folder, program.build ?? "", program.signal ?? "", `${program.settle ?? 0.3}`];
  words.push(program.told ?? "");
  words.push(...program.command);
  succeed("sh", ["-euc", FREEZE, ...words]);
  for (const file of program.files ?? []) {
    mkdirSync(dirname(join(ROOT, folder, file)), { recursive: true });
    cpSync(join(folder, file), join(ROOT, folder, file));
  }
  return {
    folder,
    pid: Number(readFileSync(join(folder, "pid"), "utf8")),
    output: readFileSync(join(folder, "out"), "utf8"),
  };
}

/** Removes what `freeze` left. */
export function forget(folder: string): void {
  for (const each of [folder, join(ROOT, folder)]) rmSync(each, { recursive: true, force: true });
}

/** A command in the lab, which must end well; gives both outputs. */
export function succeed(command: string, args: readonly string[]): string {
  const [file, all] = inLab([command, ...args]);
  const { status, stdout, stderr, error } = spawnSync(file, all, {
    encoding: "utf8",
    maxBuffer: 64 << 20,
    timeout: 120_000,
  });
  assert.ifError(error);
  assert.equal(status, 0, `${command}: ${stderr.slice(-2000)}${stdout.slice(-2000)}`);
  return `${stdout}\n${stderr}`;
}

async function printed(run: typeof printStacks, args: readonly string[]): Promise<string> {
  let text = "";
  const code = await run(args, {
    toTerminal: false,
    write: (part) => {
      text += Buffer.from(part).toString();
      return Promise.resolve();
    },
    message: () => undefined,
  });
  assert.equal(code, 0, text);
  return text;
}

/** The threads' calls as Cryoscope has them, with the lab's root for the programs and libraries. */
export async function stacksOf({ folder }: Frozen): Promise<readonly PrintedThread[]> {
  const text = await printed(printStacks, [join(folder, "images"), "--json", "--sysroot", ROOT]);
  return (JSON.parse(text) as { readonly threads: readonly PrintedThread[] }).threads;
}

/** Writes the core of the process and gives its path. */
export async function coreOf({ folder, pid }: Frozen): Promise<string> {
  const path = join(folder, "core");
  await printed(writeCore, [join(folder, "images"), "--pid", `${pid}`, "-o", path, "--sysroot", ROOT]);
  return path;
}

/** Starting the virtual machine, running commands in it, ending it. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CONSOLE, DISK, INITRD, KERNEL, STATE, VM, VM_SHARE } from "./place.ts";

/** Ports of the host's loopback address. */
interface State {
  readonly pid: number;
  readonly podman: number;
  readonly shell: number;
}

const START_MILLISECONDS = 180_000;
const MEMORY_MEGABYTES = 2048;

/** The running machine of this checkout, if it runs. */
export function runningMachine(): State | undefined {
  if (!existsSync(STATE)) return undefined;
  // Written by `startMachine` below.
  const state = JSON.parse(readFileSync(STATE, "utf8")) as State;
  try {
    const line = readFileSync(`/proc/${state.pid}/cmdline`, "utf8");
    return line.includes("qemu-system") && line.includes(VM) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the machine and waits until Podman answers in it. It never writes to its disk: what it writes goes with it. */
export async function startMachine(): Promise<void> {
  mkdirSync(VM_SHARE, { recursive: true });
  const [podman, shell] = [await freePort(), await freePort()];
  const forward = `hostfwd=tcp:127.0.0.1:${podman}-:2376,hostfwd=tcp:127.0.0.1:${shell}-:7000`;
  const args = [
    // Emulated: nested virtualisation can't be relied on, and a test must take the same way everywhere. One processor:
    // with more, the kernel changing its own code under another one makes QEMU's emulation fall over now and then.
    ...["-accel", "tcg", "-cpu", "max", "-M", "q35", "-smp", "1", "-m", `${MEMORY_MEGABYTES}`],
    ...["-nodefaults", "-nographic", "-no-reboot", "-serial", `file:${CONSOLE}`],
    ...["-kernel", KERNEL, "-initrd", INITRD],
    "-append",
    `console=ttyS0 root=/dev/vda rw init=/usr/local/sbin/vm-init panic=-1 mitigations=off quiet SHARE=${VM_SHARE}`,
    ...["-drive", `file=${DISK},format=raw,if=virtio,snapshot=on,cache=unsafe`],
    ...["-netdev", `user,id=net,restrict=on,${forward}`, "-device", "virtio-net-pci,netdev=net"],
    "-virtfs",
    `local,path=${VM_SHARE},mount_tag=share,security_model=passthrough,multidevs=remap`,
  ];
  const log = openSync(join(VM, "qemu.log"), "w");
  const qemu = spawn("qemu-system-x86_64", args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  qemu.unref();
  let ended = false;
  qemu.once("exit", () => (ended = true)).once("error", () => (ended = true));
  if (qemu.pid !== undefined) writeFileSync(STATE, JSON.stringify({ pid: qemu.pid, podman, shell }));
  const end = Date.now() + START_MILLISECONDS;
  while (!(await answers(podman))) {
    if (ended || Date.now() > end) {
      const logs = machineLogs(15);
      await stopMachine();
      throw new Error(`The virtual machine did not start.\n${logs}`);
    }
    await sleep(200);
  }
}

/** Podman's address in the running machine, for `CONTAINER_HOST`. */
export function vmPodman(): string {
  return `tcp://127.0.0.1:${upMachine().podman}`;
}

/** Ends the machine as one pulls a plug; its disk is as it was built. */
export async function stopMachine(): Promise<void> {
  const state = runningMachine();
  if (state !== undefined) {
    process.kill(state.pid, "SIGTERM");
    for (let round = 0; round < 100 && runningMachine() !== undefined; round++) await sleep(50);
    if (runningMachine() !== undefined) process.kill(state.pid, "SIGKILL");
  }
  rmSync(STATE, { force: true });
}

export interface InMachine {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with these arguments in the machine. `output` instead of the result gets what it writes. */
export async function inMachine(command: readonly string[], output?: string): Promise<InMachine> {
  const words = command.map(quoted).join(" ");
  const files = join(VM_SHARE, `.run-${randomUUID()}`);
  const [out, err] = output === undefined ? [`${files}.out`, `${files}.err`] : [output, output];
  const script = `${words} </dev/null >>${quoted(out)} 2>>${quoted(err)}\necho "code=$?"\nexit\n`;
  const said = await converse(upMachine().shell, script);
  const code = Number(/code=(\d+)/.exec(said)?.[1] ?? Number.NaN);
  if (!Number.isInteger(code)) throw new Error(`The machine said ${JSON.stringify(said)} to ${words}`);
  if (output !== undefined) return { code, stdout: "", stderr: "" };
  const [stdout, stderr] = [readFileSync(out, "utf8"), readFileSync(err, "utf8")];
  rmSync(out);
  rmSync(err);
  return { code, stdout, stderr };
}

/** For bash: what stands between single quotes is nothing but itself. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function upMachine(): State {
  const state = runningMachine();
  if (state === undefined)
    throw new Error("The machine is not up: run `node --import tsx test/lab/vm/vm.ts up`.");
  return state;
}

/** Sends a script to the machine's shell and gives all that it says until it hangs up. */
function converse(port: number, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(script));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.once("error", reject).once("close", () => {
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}

/** QEMU takes connections before anyone in the machine listens, so only an answer tells. */
async function answers(port: number): Promise<boolean> {
  const ping = await fetch(`http://127.0.0.1:${port}/v5.0.0/libpod/_ping`, {
    signal: AbortSignal.timeout(2000),
  }).catch(() => undefined);
  return ping?.status === 200;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      // Of a TCP server that listens.
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** The last lines of what QEMU and the machine's kernel said. */
export function machineLogs(lines: number): string {
  return [join(VM, "qemu.log"), CONSOLE]
    .filter((path) => existsSync(path))
    .map((path) => `== ${path}\n${readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n")}`)
    .join("\n");
}

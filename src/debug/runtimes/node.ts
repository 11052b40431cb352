// Node: its inspector, that listens already or is opened by SIGUSR1, and VS Code's built-in JavaScript debugger.
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { liveErrors } from "../errors.ts";
import { inspectorBinding, isLoopback, isWildcard, signalBinding } from "../inspect-flag.ts";
import type { InspectorBinding } from "../inspect-flag.ts";
import { runInside, startInside } from "../inside.ts";
import { waitForInspector } from "../inspector-probe.ts";
import type { Inspector } from "../inspector-probe.ts";
import { nodeAttachConfiguration, waysIn } from "../live-plan.ts";
import { raiseLoopback } from "../loopback.ts";
import { programName } from "../programs.ts";
import { connectTo, openRelay } from "../relay.ts";
import { mainMapping } from "../source-map.ts";
import { sessionName } from "./runtime.ts";
import type { Runtime, Target } from "./runtime.ts";

export const node: Runtime = {
  id: "node",
  label: "Node.js",
  needs: "Nothing: the inspector is opened by a signal when it doesn't listen yet.",
  recognises: (program) => /^node(?:js)?[\d.]*$/.test(programName(program)),
  async attach(target) {
    const { port, container, program, mappings } = target;
    const argv = [...container.argv, ...program.argv];
    const given = inspectorBinding(argv, container.environment);
    const binding = port === undefined ? given : { host: given?.host ?? "127.0.0.1", port };
    const inspector = binding ? await reach(target, binding) : await openBySignal(target, argv);
    target.log(`Node's inspector of process ${program.pid} is at ${inspector.address}:${inspector.port}.`);
    const mapping = mainMapping(mappings, container.workingDirectory, ...argv);
    return {
      configuration: { ...nodeAttachConfiguration(mapping, inspector, sessionName(target)) },
      runsOn: true,
    };
  },
};

/** An inspector that listens: by the container's network, else through a relay in the container. */
async function reach(target: Target, binding: InspectorBinding): Promise<Inspector> {
  const { container, engine } = target;
  if (binding.port === 0) throw liveErrors.randomPort(container.name);
  try {
    const ways = waysIn(container, engine.host, binding);
    // What a network leads to answers at once or never; the relay is there for the second.
    const timeout = engine.exec === undefined ? target.timeout : Math.min(target.timeout ?? 3000, 3000);
    const inspector = await answering({ ...target, timeout }, ways);
    // Elsewhere nothing can be held for a freeze, which is what the line is needed for.
    return target.program.hostPid === undefined ? inspector : await ourLine(target, inspector);
  } catch (error) {
    if (engine.exec === undefined || target.signal?.aborted) throw error;
    return relayed(target, binding);
  }
}

/** Node opens its inspector when it gets SIGUSR1, unless another program has the port (`src/inspector_agent.cc`). */
async function openBySignal(target: Target, argv: readonly string[]): Promise<Inspector> {
  const { container, engine, program } = target;
  const binding = signalBinding(argv, container.environment);
  if (engine.exec === undefined) {
    if (program.hostPid === undefined || container.networkMode !== "host")
      throw liveErrors.noInspector(container.name);
    if (!(await catchesUsr1(program.hostPid, target.signal)))
      throw liveErrors.deafToSignal(container.name, program.pid);
    process.kill(program.hostPid, "SIGUSR1");
    return answering(target, [{ address: "127.0.0.1", port: binding.port }]);
  }
  await raiseLoopback(engine, container);
  const asked = await runInside(
    engine,
    container,
    inNode(target, OPEN, `${program.pid}`, `${binding.port}`),
    {
      ...QUIET,
      privileged: true,
      ...(target.signal && { signal: target.signal }),
    },
  );
  if (asked.stdout.trim() === "deaf") throw liveErrors.deafToSignal(container.name, program.pid);
  if (asked.stdout.trim() === "other") throw liveErrors.inspectorPortTaken(container.name, binding.port);
  if (asked.status !== 0) throw liveErrors.signalRefused(container.name, program.pid, asked.stderr);
  return reach(target, binding);
}

/** By the process's own program: a container that runs Node has it, whatever else it lacks. */
function inNode({ program }: Target, script: string, ...args: readonly string[]): readonly string[] {
  return [`/proc/${program.pid}/exe`, "-e", script, ...args];
}

/** Options for the frozen program are none for our helpers: they would open an inspector of their own. */
const QUIET = { environment: ["NODE_OPTIONS="] } as const;

/** The debugger's connection through one of ours, which can be cut while the process is held. */
async function ourLine(target: Target, { address, port }: Inspector): Promise<Inspector> {
  const relay = await openRelay(() => connectTo(address, port), { onMessage: target.log });
  await target.own.own("line to Node's inspector", () => relay.close());
  return answering(target, [relay]);
}

async function relayed(target: Target, { host, port }: InspectorBinding): Promise<Inspector> {
  const { engine, container, log } = target;
  await raiseLoopback(engine, container);
  const loopback = isLoopback(host) || isWildcard(host) ? "127.0.0.1" : host;
  const argv = inNode(target, RELAY, host === "::1" ? "::1" : loopback, `${port}`);
  const relay = await openRelay(() => startInside(engine, container, argv, QUIET), { onMessage: log });
  await target.own.own("relay to Node's inspector", () => relay.close());
  return answering(target, [relay]);
}

function answering(
  { signal, timeout }: Target,
  ways: readonly { readonly address: string; readonly port: number }[],
): Promise<Inspector> {
  return waitForInspector(ways, { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
}

const LISTENS_MILLISECONDS = 10_000;
const USR1 = 2 ** (constants.signals.SIGUSR1 - 1);

/**
 * Whether a process catches SIGUSR1 (`SigCgt`, proc_pid_status(5)), which one that has just started does a moment later. It
 * would end one that doesn't: Node has an option for that (`--disable-sigusr1`).
 */
async function catchesUsr1(hostPid: number, signal: AbortSignal | undefined): Promise<boolean> {
  const end = performance.now() + LISTENS_MILLISECONDS;
  do {
    signal?.throwIfAborted();
    const status = await readFile(`/proc/${hostPid}/status`, "utf8").catch(() => "");
    const caught = Number.parseInt(/^SigCgt:\s*[0-9a-f]*?([0-9a-f]{1,8})$/m.exec(status)?.[1] ?? "0", 16);
    if ((caught & USR1) !== 0) return true;
    await sleep(50);
  } while (performance.now() < end);
  return false;
}

/**
 * Whose the port is: `own`, `other`, or `free`; when it is free the process is told to open it, once it catches the signal,
 * which would end it else: `deaf`.
 */
const OPEN = `
const fs = require("fs"), [pid, port] = process.argv.slice(1).map(Number);
const lines = ["tcp", "tcp6"].flatMap((name) => {
  try { return fs.readFileSync("/proc/net/" + name, "utf8").split("\\n").slice(1); } catch { return []; }
});
const sockets = lines.map((line) => line.trim().split(/\\s+/))
  .filter((words) => words[3] === "0A" && parseInt(words[1].split(":").pop(), 16) === port)
  .map((words) => "socket:[" + words[9] + "]");
const links = fs.readdirSync("/proc/" + pid + "/fd").map((fd) => {
  try { return fs.readlinkSync("/proc/" + pid + "/fd/" + fd); } catch { return ""; }
});
const hears = () => {
  const status = fs.readFileSync("/proc/" + pid + "/status", "utf8");
  const caught = parseInt((/^SigCgt:\\s*([0-9a-f]+)$/m.exec(status) || ["", "0"])[1].slice(-8), 16);
  return (caught & (1 << (require("os").constants.signals.SIGUSR1 - 1))) !== 0;
};
let whose = sockets.length === 0 ? "free" : links.some((link) => sockets.includes(link)) ? "own" : "other";
if (whose === "free") {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  for (let at = 0; !hears() && at < ${LISTENS_MILLISECONDS / 50}; at++) Atomics.wait(wait, 0, 0, 50);
  if (hears()) process.kill(pid, "SIGUSR1");
  else whose = "deaf";
}
console.log(whose);
`;

const RELAY = `
const socket = require("net").connect(Number(process.argv[2]), process.argv[1]);
const leave = () => { socket.resetAndDestroy?.(); process.exit(); };
process.stdin.on("end", () => setTimeout(leave, 100)).pipe(socket, { end: false });
socket.on("error", (error) => { console.error(error.message); process.exit(1); }).on("close", () => process.exit());
socket.pipe(process.stdout);
`;

// Python: debugpy, that listens already or is put into the process, and the Python debugger or our own client of it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Execution } from "../../engine/index.ts";
import { liveErrors } from "../errors.ts";
import { runInside, startInside } from "../inside.ts";
import type { InsideResult } from "../inside.ts";
import { raiseLoopback } from "../loopback.ts";
import { programName } from "../programs.ts";
import type { Program } from "../programs.ts";
import { openRelay } from "../relay.ts";
import { OWN_TYPE, sessionName } from "./runtime.ts";
import type { Attachment, Runtime, Target } from "./runtime.ts";

export const python: Runtime = {
  id: "python",
  label: "Python",
  needs: "debugpy in the container, and gdb too for a Python before 3.14.",
  recognises: (program) => /^python[\d.]*$/.test(programName(program)) && !isAdapter(program),
  async attach(target) {
    const interpreter = await findInterpreter(target);
    await raiseLoopback(target.engine, target.container);
    const given = target.port ?? debugpyPort(target.program.argv) ?? adapterPort(target.programs);
    const port = given ?? (await inject(target, interpreter));
    const argv = [...interpreter, "-c", RELAY, "127.0.0.1", `${port}`];
    const open = () => startInside(target.engine, target.container, argv);
    let first: Execution | undefined = await greeting(open, target, port);
    const next = async (): Promise<Execution> => {
      const waiting = first;
      first = undefined;
      return waiting ?? open();
    };
    await target.own.own("connection to debugpy", () => {
      if (first) hangUp(first);
    });
    const relay = await openRelay(next, { onMessage: target.log });
    await target.own.own("relay to debugpy", () => relay.close());
    target.log(`debugpy of process ${target.program.pid} is at ${relay.address}:${relay.port}.`);
    return attachment(target, relay.port, port);
  },
};

/** What `python -m debugpy --listen [HOST:]PORT` in the arguments says; undefined when it isn't there. */
export function debugpyPort(argv: readonly string[]): number | undefined {
  const words = argv.flatMap((word) => word.split(/\s+/));
  if (!words.some((word) => /(?:^|\/)debugpy(?:\/__main__\.py)?$/.test(word))) return undefined;
  const value = words[words.lastIndexOf("--listen") + 1] ?? "";
  const port = Number(/(?:^|:)(\d{1,5})$/.exec(value)?.[1] ?? Number.NaN);
  return words.includes("--listen") && port > 0 && port < 65_536 ? port : undefined;
}

/** debugpy's own helper, which is what listens for the editor; it is a Python program too. */
const isAdapter = ({ argv }: Program): boolean => argv.some((word) => /\/debugpy\/adapter\/?$/.test(word));

/** Where debugpy listens that was put into a process earlier, before it was frozen perhaps. */
export function adapterPort(programs: readonly Program[]): number | undefined {
  const argv = programs.find(isAdapter)?.argv ?? [];
  const port = Number(argv[argv.lastIndexOf("--port") + 1]);
  return argv.includes("--port") && port > 0 && port < 65_536 ? port : undefined;
}

function attachment(target: Target, local: number, port: number): Attachment {
  const { here, mappings } = target;
  const common = {
    request: "attach" as const,
    name: sessionName(target),
    pathMappings: mappings,
    justMyCode: false,
    // Children would be attached to at ports of the container's that nobody relays.
    subProcess: false,
  };
  if (here.types.has("debugpy"))
    return {
      configuration: { ...common, type: "debugpy", connect: { host: "127.0.0.1", port: local } },
      port,
      runsOn: true,
    };
  return {
    configuration: { ...common, type: OWN_TYPE },
    adapter: { kind: "server", host: "127.0.0.1", port: local },
    port,
    runsOn: true,
  };
}

/** The way to run the process's own Python: as it was started (a virtual environment is known by that), or its file. */
async function findInterpreter(target: Target): Promise<readonly string[]> {
  for (const path of interpreters(target.program)) {
    const tried = await inside(target, [path, "-c", "pass"]).catch(() => undefined);
    if (tried?.status === 0) return [path];
  }
  throw liveErrors.noInterpreter(target.container.name, programName(target.program));
}

function interpreters({ pid, argv, exe }: Program): readonly string[] {
  const named = argv[0] ?? "";
  // A relative path was relative to a folder that isn't known.
  const usable = named !== "" && (named.startsWith("/") || !named.includes("/")) ? [named] : [];
  return [...new Set([...usable, ...(exe === "" ? [] : [exe]), `/proc/${pid}/exe`])];
}

interface Equipment {
  readonly version: string;
  readonly debugpy: boolean;
  readonly gdb: boolean;
  readonly remoteExec: boolean;
  /** A port of the container's that is free now. */
  readonly port: number;
}

/** Puts debugpy into the process and gives the port that it listens on, in the container's loopback. */
async function inject(target: Target, interpreter: readonly string[]): Promise<number> {
  const { container, program, log } = target;
  const asked = await inside(target, [...interpreter, "-c", EQUIPMENT]);
  const has = parseEquipment(asked.stdout);
  if (has === undefined) throw liveErrors.noInterpreter(container.name, programName(program));
  if (!has.debugpy) throw liveErrors.noDebugpy(container.name, has.version);
  if (!has.remoteExec && !has.gdb) throw liveErrors.noInjector(container.name, has.version);
  log(`Putting debugpy into process ${program.pid} (Python ${has.version}) …`);
  const how = has.remoteExec
    ? ["-c", REMOTE_EXEC, `${program.pid}`, `${has.port}`]
    : ["-m", "debugpy", "--listen", `127.0.0.1:${has.port}`, "--pid", `${program.pid}`];
  const done = await inside(target, [...interpreter, ...how], 60_000);
  if (done.status !== 0) throw liveErrors.injectFailed(container.name, program.pid, done.stderr);
  return has.port;
}

export function parseEquipment(answer: string): Equipment | undefined {
  try {
    const value = JSON.parse(answer) as Partial<Equipment> | null;
    if (typeof value?.port !== "number" || typeof value.version !== "string") return undefined;
    return {
      version: value.version,
      debugpy: value.debugpy === true,
      gdb: value.gdb === true,
      remoteExec: value.remoteExec === true,
      port: value.port,
    };
  } catch {
    return undefined;
  }
}

function inside(target: Target, argv: readonly string[], timeout = 20_000): Promise<InsideResult> {
  const { signal } = target;
  return runInside(target.engine, target.container, argv, {
    privileged: true,
    timeout,
    ...(signal && { signal }),
  });
}

/**
 * A connection on which debugpy's adapter has spoken, as it does to whoever connects; what it said is still to be read. It
 * is for the debugger: one that was cut in the middle of that would end the adapter's thread that takes connections
 * (`sockets.serve`, `Client.__init__`), and none would ever be answered again.
 */
async function greeting(
  open: () => Promise<Execution>,
  { signal, timeout = 10_000, container }: Target,
  port: number,
): Promise<Execution> {
  const end = performance.now() + timeout;
  do {
    signal?.throwIfAborted();
    const execution = await open();
    const left = Math.max(0, end - performance.now());
    if (await speaks(execution, left, signal)) return execution;
    hangUp(execution);
    await sleep(100);
  } while (performance.now() < end);
  throw liveErrors.noDebugServer("debugpy", container.name, port);
}

/** debugpy 1.8 greets with three events; what says fewer, as it does while somebody else is connected, is silent then. */
const GREETINGS = 3;
const SILENCE_MILLISECONDS = 1000;

/** Whether it says something before it ends; what it said is left to be read. */
function speaks({ stdout }: Execution, timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let said = Buffer.alloc(0);
    let timer = setTimeout(over, timeout);
    function over(): void {
      clearTimeout(timer);
      stdout.off("readable", read);
      for (const event of ENDS) stdout.off(event, over);
      signal?.removeEventListener("abort", over);
      const isThere = said.length > 0 && !stdout.readableEnded && !stdout.destroyed;
      if (isThere) stdout.unshift(said);
      resolve(isThere);
    }
    function read(): void {
      for (let chunk = stdout.read() as Buffer | null; chunk !== null; chunk = stdout.read() as Buffer | null)
        said = Buffer.concat([said, chunk]);
      if (said.length === 0) return;
      clearTimeout(timer);
      timer = setTimeout(over, SILENCE_MILLISECONDS);
      if (said.toString("latin1").split("Content-Length:").length > GREETINGS) over();
    }
    if (signal?.aborted) return over();
    stdout.on("readable", read);
    for (const event of ENDS) stdout.on(event, over);
    signal?.addEventListener("abort", over, { once: true });
  });
}

const ENDS = ["end", "close", "error"] as const;

function hangUp({ stdin, stdout, stderr }: Execution): void {
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => undefined);
  stdin.end();
  stdout.resume();
  stderr.resume();
}

const EQUIPMENT = `
import importlib.util, json, shutil, socket, sys
free = socket.socket()
free.bind(("127.0.0.1", 0))
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "debugpy": importlib.util.find_spec("debugpy") is not None,
    "gdb": shutil.which("gdb") is not None,
    "remoteExec": hasattr(sys, "remote_exec"),
    "port": free.getsockname()[1],
}))
`;

/** The script must be a file that the process can read; it is gone when debugpy listens, or can't. */
const REMOTE_EXEC = `
import os, sys, tempfile, time
pid, port = int(sys.argv[1]), int(sys.argv[2])
handle, path = tempfile.mkstemp(suffix=".py")
os.write(handle, ("import os\\ntry:\\n import debugpy\\n debugpy.listen(('127.0.0.1', %d))\\nfinally:\\n os.unlink(%r)\\n" % (port, path)).encode())
os.fchmod(handle, 0o644)
os.close(handle)
try:
    sys.remote_exec(pid, path)
    for _ in range(200):
        if not os.path.exists(path):
            sys.exit(0)
        time.sleep(0.1)
    sys.exit("the process does not run Python code")
finally:
    if os.path.exists(path):
        os.unlink(path)
`;

const RELAY = `
import os, socket, struct, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
# Its end is a reset: what listens may be frozen when it comes, and must not have a connection then.
peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
def upward():
    while True:
        chunk = os.read(0, 65536)
        if not chunk:
            os._exit(0)
        peer.sendall(chunk)
threading.Thread(target=upward, daemon=True).start()
while True:
    chunk = peer.recv(65536)
    if not chunk:
        break
    while chunk:
        chunk = chunk[os.write(1, chunk):]
os._exit(0)
`;

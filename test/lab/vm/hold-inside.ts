// Runs in the virtual machine, by Node: holds a container that counts, freezes what is held, and restores it stopped. Says
// in JSON what it saw. hold-inside KIND ID FOLDER COUNT, the last being the file that the container counts in.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  debuggersHere,
  holdContainer,
  liveOptions,
  programsOf,
  Resources,
  restoreForDebugging,
} from "../../../src/debug/index.ts";
import { connectEngine } from "../../../src/engine/index.ts";

const [kind = "", id = "", folder = "", count = ""] = process.argv.slice(2);
/** Several steps, if it ran. */
const A_WHILE = 3000;

const steps = async (): Promise<number> => (await readFile(count, "utf8")).trim().split("\n").length;
const state = async (pid: number): Promise<string> =>
  /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
async function grown(): Promise<number> {
  const before = await steps();
  await sleep(A_WHILE);
  return (await steps()) - before;
}

const engine = await connectEngine(`${kind}://`);
const container = await engine.inspect(id);
const programs = await programsOf(container, engine);
const [program] = programs;
if (program?.hostPid === undefined) throw new Error("its process isn't seen");
const cgroup = (await readFile(`/proc/${program.hostPid}/cgroup`, "utf8")).trim();

const letGo = await holdContainer(engine, { container, program });
const held = await grown();
await engine.checkpoint(id, { name: "held", folder: join(folder, "held"), leaveRunning: true });
await letGo?.(true);
const stoppedState = await state(program.hostPid);
const stopped = await grown();
process.kill(program.hostPid, "SIGCONT");
const after = await grown();

// To be restored, the file that it writes must be as it was when it was frozen.
const { snapshot } = await engine.checkpoint(id, { name: "end", folder: join(folder, "end") });
const own = new Resources();
const work = { here: debuggersHere([]), own };
const woken = await restoreForDebugging(engine, snapshot, liveOptions({ stopped: true }), work);
// The shell waits for the process that is held.
const states = (await programsOf(woken, engine)).map(({ hostPid }) => state(hostPid ?? 0));
const wokenStates = await Promise.all(states);
const wokenGrown = await grown();
const failures = await own.dispose();
console.log(
  JSON.stringify({
    ...{ cgroup, isHeld: letGo !== undefined, held, stoppedState, stopped, after },
    ...{ wokenStates, wokenGrown, failures: failures.length, released: await grown() },
  }),
);

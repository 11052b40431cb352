/**
 * The lab in a virtual machine, for what the host's kernel can't do (docs/lab.md).
 *   node --import tsx test/lab/vm/vm.ts up           build what is missing, start, wait until Podman answers
 *   node --import tsx test/lab/vm/vm.ts build        only build what is missing, beside other work
 *   node --import tsx test/lab/vm/vm.ts exec -- CMD …  run a command in it
 *   node --import tsx test/lab/vm/vm.ts status | logs | down | clean
 */
import { locked } from "../locked.ts";
import { installVmTools, whyNoVm } from "../preconditions.ts";
import { run } from "../process.ts";
import { buildDisk } from "./disk.ts";
import { inMachine, machineLogs, runningMachine, startMachine, stopMachine, vmPodman } from "./machine.ts";
import { VM } from "./place.ts";

type Command = (args: readonly string[]) => number | Promise<number>;

function say(message: string): void {
  console.error(`vm: ${message}`);
}

function build(): number {
  const why = whyNoVm();
  if (why !== undefined) throw new Error(why);
  if (runningMachine() !== undefined) return 0;
  installVmTools();
  buildDisk(say);
  return 0;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  build,
  async up() {
    build();
    if (runningMachine() === undefined) await startMachine();
    say(`up; CONTAINER_HOST=${vmPodman()}`);
    return 0;
  },
  async down() {
    await stopMachine();
    say("down");
    return 0;
  },
  async clean() {
    await stopMachine();
    run("rm", ["-rf", "--one-file-system", VM]);
    say("clean");
    return 0;
  },
  async exec(args) {
    const { code, stdout, stderr } = await inMachine(args[0] === "--" ? args.slice(1) : args);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return code;
  },
  status() {
    say(runningMachine() === undefined ? "down" : `up; CONTAINER_HOST=${vmPodman()}`);
    return runningMachine() === undefined ? 1 : 0;
  },
  logs([lines]) {
    console.log(machineLogs(Number(lines ?? 30)));
    return 0;
  },
};

/** These change the machine, so one waits for the other. */
const ONE_AT_A_TIME: readonly string[] = ["up", "build", "down", "clean"];

try {
  const [name = "", ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) say(`say one of: ${Object.keys(COMMANDS).join(", ")}`);
  const work = async () => (await command?.(args)) ?? 2;
  process.exitCode = ONE_AT_A_TIME.includes(name) ? await locked(VM, work) : await work();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

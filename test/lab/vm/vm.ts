/**
 * The lab in a virtual machine, for what the host's kernel can't do (docs/lab.md).
 *   node --import tsx test/lab/vm/vm.ts up           build what is missing, start, wait until Podman answers
 *   node --import tsx test/lab/vm/vm.ts exec -- CMD …  run a command in it
 *   node --import tsx test/lab/vm/vm.ts status | logs | down | clean
 */
import { installVmTools, whyNoVm } from "../preconditions.ts";
import { run } from "../process.ts";
import { buildDisk } from "./disk.ts";
import { inMachine, machineLogs, runningMachine, startMachine, stopMachine, vmPodman } from "./machine.ts";
import { VM } from "./place.ts";

type Command = (args: readonly string[]) => number | Promise<number>;

function say(message: string): void {
  console.error(`vm: ${message}`);
}

const COMMANDS: Readonly<Record<string, Command>> = {
  async up() {
    const why = whyNoVm();
    if (why !== undefined) throw new Error(why);
    if (runningMachine() === undefined) {
      installVmTools();
      buildDisk(say);
      await startMachine();
    }
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

try {
  const [name = "", ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) say(`say one of: ${Object.keys(COMMANDS).join(", ")}`);
  process.exitCode = (await command?.(args)) ?? 2;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

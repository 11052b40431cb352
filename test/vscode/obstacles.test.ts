// What stands in the way of a freeze, found in a live process by /proc, and what the editor does about it. The engine is a
// stand-in; that CRIU refuses each of these is in test/lab.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";
import type { Question } from "./answers.ts";
import { PodmanStandIn } from "./stand-ins.ts";

/** Has a TCP connection to itself. What these programs tell, they tell by files: Node's pipes are sockets, an obstacle too. */
const CONNECTED = `const [net, folder] = [require("net"), process.argv[1]];
const server = net.createServer(() => require("fs").writeFileSync(folder + "/ready", "")).listen(0, "127.0.0.1", () => {
  net.connect(server.address().port, "127.0.0.1");
});`;

/** Until SIGUSR2, a file that has lost the name by which it was opened, and has another. Not by Node, which has an io_uring. */
const RENAMED = `my $folder = shift; sub tell_by { open my $file, ">", "$folder/$_[0]" or die $!; }
open my $held, ">", "$folder/one" or die $!; link "$folder/one", "$folder/two"; unlink "$folder/one";
$SIG{USR2} = sub { close $held; tell_by "closed" }; tell_by "ready"; sleep 1 while 1;`;

/** Starts a program and traces it, as a debugger does: ptrace(PTRACE_SEIZE), numbered for this machine. Says its pid. */
const TRACING = `$| = 1; my $pid = fork; if (!$pid) { exec @ARGV } sleep 1;
my $number = \`uname -m\` =~ /x86_64/ ? 101 : 117;
syscall($number, 0x4206, $pid, 0, 0) == 0 or die $!; print "$pid\\n"; sleep 600; kill 9, $pid;`;

describe("what stands in the way of a freeze", () => {
  let api: TestApi;
  let podman: PodmanStandIn | undefined;
  const ask = new Answers();
  const running: ChildProcess[] = [];
  let scratch: string;

  before(async () => {
    const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
  });
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), "cryo-obstacles-"));
  });
  afterEach(async () => {
    ask.putBack();
    await rm(scratch, { recursive: true, force: true });
    for (const child of running.splice(0)) child.kill("SIGKILL");
    await podman?.stop();
    podman = undefined;
    await vscode.workspace
      .getConfiguration("cryoscope")
      .update("engine.endpoints", undefined, vscode.ConfigurationTarget.Workspace);
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
  });

  function start(
    program: string,
    args: readonly string[],
    stdio: "ignore" | "pipe" = "ignore",
  ): ChildProcess {
    const child = spawn(program, args, { stdio });
    running.push(child);
    return child;
  }
  async function told(word: string): Promise<void> {
    while (!existsSync(join(scratch, word))) await sleep(20);
  }
  async function hold(program: string, code: string): Promise<ChildProcess> {
    const child = start(program, ["-e", code, scratch]);
    await told("ready");
    return child;
  }
  async function containerOf(pid: number): Promise<PodmanStandIn> {
    podman = await PodmanStandIn.start([{ id: "obstructed-1", name: "obstructed", pid }]);
    await vscode.workspace
      .getConfiguration("cryoscope")
      .update("engine.endpoints", [podman.address], vscode.ConfigurationTarget.Workspace);
    return podman;
  }

  it("is named with the switch that takes it away, and that is set", async () => {
    const child = await hold(process.execPath, CONNECTED);
    const engine = await containerOf(child.pid ?? 0);
    ask.give({
      showQuickPick: ["obstructed", "Leave it running"],
      showWarningMessage: ["Freeze with These"],
      showInputBox: ["with-connections"],
    });
    await vscode.commands.executeCommand("cryoscope.checkpointContainer");
    const warned = ask.questions.find(({ by }) => by === "showWarningMessage");
    assert.match(warned?.detail ?? "", /^TCP connections are open in \S+ \(\d+\)/);
    assert.equal(warned?.choices[0], "Freeze with These", "who presses Enter sets the switch");
    assert.match(engine.frozen.join(), /obstructed .*tcpEstablished=true/);
  });

  it("is looked for again when told so, and no more is asked when it is gone", async () => {
    const child = await hold("perl", RENAMED);
    const engine = await containerOf(child.pid ?? 0);
    ask.give({
      showQuickPick: ["obstructed", "Leave it running"],
      // It may be looked at once more before it is gone.
      showWarningMessage: Array(50).fill("Look Again"),
      showInputBox: ["without"],
    });
    const freezing = vscode.commands.executeCommand("cryoscope.checkpointContainer");
    const warned = (): readonly Question[] => ask.questions.filter(({ by }) => by === "showWarningMessage");
    while (warned().length === 0) await sleep(20);
    child.kill("SIGUSR2");
    await told("closed");
    await freezing;
    assert.equal(warned()[0]?.words, "CRIU will refuse to freeze obstructed as it is.");
    assert.deepEqual(warned()[0]?.choices, ["Look Again", "Freeze Anyway"], "Enter changes nothing");
    assert.match(engine.frozen.join(), /^obstructed /);
  });

  it("is a debugger of this window: it is detached, the container frozen, and it is attached again", async function () {
    this.timeout(60_000);
    const target = ["--inspect=127.0.0.1:0", "-e", "setInterval(() => undefined, 1000)"];
    const tracer = start("perl", ["-e", TRACING, process.execPath, ...target], "pipe");
    let port: string | undefined;
    tracer.stderr?.on(
      "data",
      (text: Buffer) => (port ??= /ws:\/\/127\.0\.0\.1:(\d+)/.exec(text.toString())?.[1]),
    );
    assert(tracer.stdout);
    const [first] = (await once(tracer.stdout, "data")) as [Buffer];
    const pid = Number(first.toString());
    assert.ok(pid > 0);
    while (port === undefined) await sleep(20);
    const engine = await containerOf(pid);
    const happened: string[] = [];
    const listening = [
      vscode.debug.onDidStartDebugSession(({ parentSession }) => {
        if (parentSession === undefined) happened.push("attached");
      }),
      vscode.debug.onDidTerminateDebugSession(({ parentSession }) => {
        if (parentSession === undefined) happened.push(`detached, ${engine.frozen.length} frozen`);
      }),
    ];
    try {
      const attached = await vscode.debug.startDebugging(undefined, {
        ...{ type: "node", request: "attach", name: "obstructs", port: Number(port), address: "127.0.0.1" },
        continueOnAttach: true,
      });
      assert.ok(attached);
      ask.give({
        showQuickPick: ["obstructed", "Leave it running"],
        showWarningMessage: ["Detach, Freeze, Attach Again"],
        showInputBox: ["detached"],
      });
      await vscode.commands.executeCommand("cryoscope.checkpointContainer");
      const warned = ask.questions.find(({ by }) => by === "showWarningMessage");
      assert.match(warned?.detail ?? "", /A debugger or tracer is attached to \S+ \(\d+\)/);
      assert.equal(engine.frozen.length, 1);
      assert.deepEqual(happened, ["attached", "detached, 0 frozen", "attached"]);
      process.kill(pid, 0);
    } finally {
      await vscode.debug.stopDebugging();
      for (const one of listening) one.dispose();
      process.kill(pid, "SIGKILL");
    }
  });
});

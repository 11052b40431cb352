// Three processes of unwind/several (its source and how it was made lie beside it), as /proc said that they were.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { fixture } from "../fixtures.ts";
import type { DapClient } from "./dap-client.ts";
import { startPostmortem } from "./postmortem-client.ts";

interface Task {
  readonly pid: number;
  readonly tid: number;
  /** The lines of /proc/PID/task/TID/status. */
  readonly status: ReadonlyMap<string, string>;
}

describe("a post-mortem session on several processes", () => {
  let folder: string;
  let tasks: readonly Task[];
  let client: DapClient;
  let threads: readonly DebugProtocol.Thread[];

  before(async () => {
    folder = await fixture("unwind/several");
    const found: Task[] = [];
    for (const pid of await readdir(join(folder, "proc")))
      for (const tid of await readdir(join(folder, "proc", pid))) {
        const text = await readFile(join(folder, "proc", pid, tid), "utf8");
        const rows = text.split("\n").map((line): [string, string] => {
          const [, name = "", value = ""] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
          return [name, value.trim()];
        });
        found.push({ pid: Number(pid), tid: Number(tid), status: new Map(rows) });
      }
    tasks = found.toSorted((a, b) => a.tid - b.tid);
    client = await startPostmortem({ checkpoint: join(folder, "img") });
    ({ threads } = await client.get<DebugProtocol.ThreadsResponse>("threads"));
  });
  after(() => client.get("disconnect"));

  const line = (task: Task | undefined, name: string): string => task?.status.get(name) ?? "";
  const named = (name: string): Task | undefined => tasks.find((task) => line(task, "Name") === name);

  const threadOf = (tid: number): number => threads.find(({ name }) => name.startsWith(`${tid} `))?.id ?? 0;

  async function rowsOf(tid: number, scope: string): Promise<ReadonlyMap<string, string>> {
    const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", {
      threadId: threadOf(tid),
    });
    const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", {
      frameId: stackFrames[0]?.id,
    });
    const { variables } = await client.get<DebugProtocol.VariablesResponse>("variables", {
      variablesReference: scopes.find(({ name }) => name === scope)?.variablesReference,
    });
    return new Map(variables.map(({ name, value }) => [name, value]));
  }

  it("names each thread by its id, its process, the name it gave itself, and whether it was stopped", () => {
    assert.equal(tasks.length, 6);
    assert.deepEqual(
      threads.map(({ name }) => name).toSorted(),
      tasks
        .map(({ pid, tid, status }) => {
          const state = status.get("State")?.startsWith("T") ? " (stopped)" : "";
          // The kernel writes what would break a line as \n, too.
          return `${tid} of ${pid} ${status.get("Name") ?? ""}${state}`;
        })
        .toSorted(),
    );
    assert.ok(threads.some(({ name }) => name.endsWith(' writes "all"\\n')));
  });

  it("has user and group ids, groups and sets of capabilities, each as the kernel had them", async () => {
    const task = named("different");
    const rows = await rowsOf(task?.tid ?? 0, "Credentials");
    const ids = ["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"];
    const expected = `${line(task, "Uid")}\t${line(task, "Gid")}`.split("\t");
    assert.deepEqual(
      ids.map((name) => rows.get(name)),
      expected,
    );
    assert.deepEqual(expected, ["1001", "1002", "1003", "1003", "1501", "1502", "1503", "1502"]);
    assert.equal(rows.get("groups"), line(task, "Groups"));
    assert.equal(rows.get("no_new_privs"), "true");
    assert.equal(line(task, "NoNewPrivs"), "1");
    for (const [set, name] of [
      ["effective", "CapEff"],
      ["permitted", "CapPrm"],
      ["inheritable", "CapInh"],
      ["bounding", "CapBnd"],
      ["ambient", "CapAmb"],
    ] as const) {
      const bits = BigInt(`0x${line(task, name)}`);
      const words = (rows.get(`capabilities, ${set}`) ?? "").split(" ");
      assert.equal(words.length, bits.toString(2).replaceAll("0", "").length, set);
      for (const [capability, bit] of Object.entries(CAPABILITIES))
        assert.equal(words.includes(capability), (bits >> BigInt(bit)) % 2n === 1n, `${set} ${capability}`);
    }
    assert.deepEqual(rows.get("securebits")?.split(" ").toSorted(), ["SECBIT_KEEP_CAPS", "SECBIT_NOROOT"]);
  });

  it("says of a process that was stopped by job control that it was, of all of its threads, and of no other", async () => {
    for (const task of tasks) {
      const info = await client.get<DebugProtocol.ExceptionInfoResponse>("exceptionInfo", {
        threadId: threadOf(task.tid),
      });
      const stopped = line(task, "State").startsWith("T");
      assert.match(
        info.description ?? "",
        stopped ? /^Frozen while it was stopped by SIGSTOP$/ : /^Frozen$/,
        `${task.tid}`,
      );
      assert.equal(info.exceptionId, "frozen");
    }
  });
});

/** linux/capability.h */
const CAPABILITIES = {
  CAP_CHOWN: 0,
  CAP_SETUID: 7,
  CAP_NET_BIND_SERVICE: 10,
  CAP_SYS_MODULE: 16,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
} as const;

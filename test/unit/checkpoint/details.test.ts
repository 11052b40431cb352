import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint, Limit } from "../../../src/checkpoint/index.ts";
import { procFile, readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

/** Dumps with what /proc said of their processes just before. */
const DUMPS = [
  "a-single",
  "b-threads50",
  "c-cgroup-full",
  "c-eventpoll",
  "c-files",
  "c-locks",
  "c-pty",
  "c-seccomp",
  "c-shmem",
  "c-signals",
  "c-timers",
  "c-unix",
  "ns-mnt",
  "ns-pid-uts-ipc",
] as const;

const forEachProcess = async (
  name: string,
  use: (checkpoint: Checkpoint, pid: number, folder: string, hostPid: number) => Promise<void>,
): Promise<void> => {
  await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
    const pids = await snapshotPids(folder);
    for (const hostPid of pids) {
      // In a pid namespace of its own the one process has another pid inside.
      const pid = checkpoint.process(hostPid) ? hostPid : checkpoint.processes[0]?.pid;
      assert(pid !== undefined);
      await use(checkpoint, pid, folder, hostPid);
    }
  });
};

describe("details of a process", () => {
  for (const name of DUMPS)
    it(`are those of /proc/PID/status, in ${name}`, async () => {
      await forEachProcess(name, async (checkpoint, pid, folder, hostPid) => {
        const status = fields(await procFile(folder, hostPid, "status"));
        const { value, problems } = await checkpoint.details(pid);
        assert.deepEqual(problems, []);
        const { leader, signals } = value;
        const { credentials: who, seccomp } = leader;
        assert(who);
        const { inheritable, permitted, effective, bounding, ambient } = who.capabilities;
        const { umask } = (await checkpoint.paths(pid)).value;
        assert.deepEqual(
          {
            Umask: umask?.toString(8).padStart(4, "0"),
            Uid: [who.uid, who.euid, who.suid, who.fsuid].join("\t"),
            Gid: [who.gid, who.egid, who.sgid, who.fsgid].join("\t"),
            Groups: who.groups.join(" "),
            SigPnd: hex(leader.pending.reduce((bits, { signal }) => bits | (1n << BigInt(signal - 1)), 0n)),
            ShdPnd: hex(signals.pending.reduce((bits, { signal }) => bits | (1n << BigInt(signal - 1)), 0n)),
            SigBlk: hex(signals.blocked.bits),
            SigIgn: hex(signals.ignored.bits),
            SigCgt: hex(signals.caught.bits),
            CapInh: hex(inheritable.bits),
            CapPrm: hex(permitted.bits),
            CapEff: hex(effective.bits),
            CapBnd: hex(bounding.bits),
            CapAmb: hex(ambient?.bits ?? 0n),
            NoNewPrivs: who.noNewPrivs === true ? "1" : "0",
            Seccomp: { disabled: "0", strict: "1", filter: "2" }[seccomp.mode],
            Seccomp_filters: String(seccomp.filters.length),
          },
          Object.fromEntries(STATUS.map((key) => [key, status[key]])),
        );
      });
    });

  for (const name of DUMPS)
    it(`have the limits, environment and auxiliary vector of /proc, in ${name}`, async () => {
      await forEachProcess(name, async (checkpoint, pid, folder, hostPid) => {
        const { value } = await checkpoint.details(pid);
        const limits = (await procFile(folder, hostPid, "limits")).split("\n").slice(1, 17);
        assert.deepEqual(
          value.limits.map((limit) => [shown(limit.soft), shown(limit.hard)]),
          limits.map((line) => line.slice(26).trim().split(/ +/).slice(0, 2)),
        );
        const environment = await checkpoint.environment(pid);
        assert.deepEqual(environment.problems, []);
        const environ = await readFile(join(folder, "proc", String(hostPid), "environ"));
        assert.deepEqual(Buffer.from(environment.value.bytes), environ);
        assert.equal(environment.value.variables.length, environ.toString().split("\0").length - 1);
        const auxv = await readFile(join(folder, "proc", String(hostPid), "auxv"));
        assert.deepEqual(
          [...value.auxiliary.flatMap(({ type, value: word }) => [type, word]), 0n, 0n],
          Array.from({ length: auxv.length / 8 }, (_, index) => auxv.readBigUInt64LE(8 * index)),
        );
      });
    });

  it("have the scheduling, memory layout and flags of /proc/PID/stat", async () => {
    for (const name of DUMPS)
      await forEachProcess(name, async (checkpoint, pid, folder, hostPid) => {
        const stat = (await procFile(folder, hostPid, "stat")).replace(/^.*\) /, "").split(" ");
        // proc_pid_stat(5) counts from 1 and begins two fields before.
        const at = (field: number): string => stat[field - 3] ?? "";
        const { leader, layout, flags } = (await checkpoint.details(pid)).value;
        assert(leader.scheduling && layout);
        assert.equal(String(flags), at(9), name);
        assert.equal(String(leader.scheduling.nice), at(19));
        assert.equal(String(leader.scheduling.policyId), at(41));
        assert.deepEqual(
          [
            ...[layout.startCode, layout.endCode, layout.startStack, layout.startData, layout.endData],
            ...[layout.startBrk, layout.argStart, layout.argEnd, layout.envStart, layout.envEnd],
          ].map(String),
          [26, 27, 28, 45, 46, 47, 48, 49, 50, 51].map(at),
        );
      });
  });

  it("have each thread's signals and filters as /proc/PID/task has them", async () => {
    for (const name of DUMPS)
      await forEachProcess(name, async (checkpoint, pid, folder, hostPid) => {
        const { tasks } = await readSnapshot(folder, hostPid);
        const { value, problems } = await checkpoint.threads(pid);
        assert.deepEqual(problems, []);
        assert.equal(value.length, Object.keys(tasks).length);
        if (pid !== hostPid) return;
        for (const thread of value) {
          const lines = fields((tasks[thread.tid]?.sig ?? []).join("\n"));
          assert.equal(hex(thread.blocked.bits), lines["SigBlk"], name);
          assert.equal(String(thread.seccomp.filters.length), lines["Seccomp_filters"]);
          assert.ok((thread.registers?.programCounter ?? 0n) > 0n);
        }
      });
  });

  it("name the signals that wait, and what came with them", async () => {
    // The program (feat.c, case signals) sends: SIGUSR1, SIGTERM, SIGRTMIN+2 with 777 and 778, and SIGUSR2 to its thread.
    await forEachProcess("c-signals", async (checkpoint, pid) => {
      const { signals, leader } = (await checkpoint.details(pid)).value;
      assert.deepEqual(
        signals.pending.map(({ name, info }) => [name, info["si_code"], info["si_value"]]),
        [
          ["SIGUSR1", "SI_USER (0)", undefined],
          ["SIGTERM", "SI_USER (0)", undefined],
          ["SIGRTMIN+2", "SI_QUEUE (-1)", "0x309"],
          ["SIGRTMIN+2", "SI_QUEUE (-1)", "0x30a"],
        ],
      );
      assert.deepEqual(
        leader.pending.map(({ name }) => name),
        ["SIGUSR2"],
      );
      const caught = signals.actions.filter(({ disposition }) => disposition === "handled");
      assert.deepEqual(
        caught.map(({ name, flags, mask }) => ({ name, flags, mask: mask.names })),
        [{ name: "SIGUSR1", flags: ["SA_RESTORER", "SA_ONSTACK", "SA_RESTART"], mask: ["SIGHUP"] }],
      );
    });
  });

  it("name the timers and when they go off", async () => {
    // The program (feat.c, case timers) sets ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF and two POSIX timers.
    await forEachProcess("c-timers", async (checkpoint, pid, folder) => {
      const { timers } = (await checkpoint.details(pid)).value;
      // crit's own words for the same image.
      const core = JSON.parse(await readFile(join(folder, `crit/core-${pid}.img.json`), "utf8")) as {
        readonly entries: readonly { readonly tc: { readonly timers: CritTimers } }[];
      };
      const truth = core.entries[0]?.tc.timers;
      assert(truth);
      assert.deepEqual(
        timers.interval.map(({ remaining, interval }) => [remaining, interval]),
        [truth.real, truth.virt, truth.prof].map(({ isec, iusec, vsec, vusec }) => [
          BigInt(vsec) * 1_000_000n + BigInt(vusec),
          BigInt(isec) * 1_000_000n + BigInt(iusec),
        ]),
      );
      assert.deepEqual(
        timers.posix.map(({ id, signal, clockId }) => [id, signal, clockId]),
        truth.posix.map(({ it_id, si_signo, clock_id }) => [it_id, si_signo, clock_id]),
      );
      assert.equal(timers.posix.length, 2);
    });
  });
});

interface CritTimer {
  readonly isec: number;
  readonly iusec: number;
  readonly vsec: number;
  readonly vusec: number;
}
interface CritTimers {
  readonly real: CritTimer;
  readonly virt: CritTimer;
  readonly prof: CritTimer;
  readonly posix: readonly { readonly it_id: number; readonly si_signo: number; readonly clock_id: number }[];
}

const STATUS = [
  "Umask Uid Gid Groups SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp",
  "Seccomp_filters",
].flatMap((line) => line.split(" "));

function fields(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
}

const hex = (bits: bigint): string => bits.toString(16).padStart(16, "0");
const shown = (limit: Limit["soft"]): string => (limit === undefined ? "unlimited" : String(limit));

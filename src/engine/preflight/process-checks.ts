// Checks of what the processes are in: tracers, terminals, namespaces, states, security modules.
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { readProc } from "../processes.ts";
import { about } from "./check.ts";
import type { Machine } from "../program-driver.ts";
import type { Check } from "./check.ts";
import type { FrozenToBe } from "./subject.ts";

/** CRIU seizes each task by ptrace itself, and a task has one tracer at most. */
const traced: Check = {
  code: "traced",
  title: "Debugger attached",
  find: ({ processes }) =>
    about(
      processes.filter(({ tracers }) => tracers.length > 0),
      (names) => ({
        outcome: "stops",
        sentence: `A debugger or tracer is attached to ${names}.`,
        next: "Detach it, freeze, and attach again.",
      }),
    ),
};

/** A terminal whose other end nobody in the tree holds. Container runtimes bring the one back that they made. */
const tty: Check = {
  code: "tty",
  title: "Terminal",
  find({ processes, engine, container }) {
    const masters = processes.some(({ files }) =>
      files.some(({ target }) => target === "/dev/ptmx" || target === "/dev/pts/ptmx"),
    );
    const onTerminal = processes.filter(
      ({ terminal, files }) => terminal !== 0 || files.some(({ target }) => /^\/dev\/pts\/\d+$/.test(target)),
    );
    if (masters || (container.tty && engine.capabilities.lists === "containers")) return undefined;
    const shellJob = engine.capabilities.checkpointOptions.includes("shellJob");
    return about(onTerminal, (names) => ({
      outcome: "stops",
      sentence: `A terminal of someone outside belongs to ${names}.`,
      next: shellJob
        ? "Freeze it as a shell's job, or start it without a terminal."
        : "Start it without a terminal, or end what was started by exec -t.",
      ...(shellJob && { switch: "shellJob" as const }),
    }));
  },
};

/** criu/namespaces.c: only mount and network namespaces may be nested. */
const NOT_NESTED = ["pid", "ipc", "uts", "user", "cgroup", "time"];
const nestedNamespace: Check = {
  code: "nestedNamespace",
  title: "Nested namespaces",
  find({ processes }) {
    const root = processes[0]?.namespaces;
    const differs = (name: string, link: string | undefined): boolean => {
      const first = root?.get(name);
      return link !== undefined && first !== undefined && link !== first;
    };
    return about(
      processes.filter(({ namespaces }) => NOT_NESTED.some((name) => differs(name, namespaces.get(name)))),
      (names) => ({
        outcome: "stops",
        sentence: `In a namespace of its own inside the container is ${names}.`,
        next: "Stop that process before freezing.",
      }),
    );
  },
};

/** With cgroup v1 criu waits for ever for a stopped task whose cgroup the engine froze first. */
const stopped: Check = {
  code: "stopped",
  title: "Stopped processes",
  async find({ processes, engine, machine }) {
    const cgroup2 = (await readProc(join(machine.cgroups, "cgroup.controllers"))) !== undefined;
    if (cgroup2 || engine.capabilities.lists === "processes") return undefined;
    return about(
      processes.filter(({ state }) => state === "T"),
      (names) => ({
        outcome: "stops",
        sentence: `Stopped (SIGSTOP) is ${names}; with cgroup v1 CRIU would wait for it for ever.`,
        next: "Continue it (kill -CONT) before freezing.",
      }),
    );
  },
};

/** criu/cr-dump.c: shared memory of the machine's own IPC namespace isn't the container's to save. */
const sysvOutside: Check = {
  code: "sysvOutside",
  title: "Machine's shared memory",
  async find({ processes, machine }) {
    const machines = await readlink(join(machine.procfs, "1/ns/ipc")).catch(() => undefined);
    return about(
      processes.filter(
        ({ mapped, namespaces }) =>
          machines !== undefined &&
          namespaces.get("ipc") === machines &&
          mapped.some((name) => name.startsWith("/SYSV")),
      ),
      (names) => ({
        outcome: "stops",
        sentence: `System V shared memory of the whole machine is used by ${names}.`,
        next: "Run it in an IPC namespace of its own (not --ipc host).",
      }),
    );
  },
};

/** Bits of CapEff: SYS_PTRACE, SYS_ADMIN, SYS_RESOURCE (capabilities(7)). */
const CAPABILITIES: readonly (readonly [bit: bigint, name: string])[] = [
  [1n << 19n, "CAP_SYS_PTRACE"],
  [1n << 21n, "CAP_SYS_ADMIN"],
  [1n << 24n, "CAP_SYS_RESOURCE"],
];

/** Of profiles in a namespace of their own CRIU makes new ones for the time of the dump (criu/apparmor.c). */
async function hasParser(machine: Machine, signal: AbortSignal | undefined): Promise<boolean> {
  const answer = machine.run("apparmor_parser", ["--version"], { signal, timeout: 5000 });
  return answer.then(
    ({ code }) => code === 0,
    () => false,
  );
}

/** What limits CRIU itself; told where this process would start it. Profiles, stacked ones too, it brings back. */
const confined: Check = {
  code: "confined",
  title: "Seccomp and security modules",
  async find({ processes, machine, engine, signal }) {
    const own = (await readProc(machine.procfs, "self/status")) ?? "";
    const inside: FrozenToBe[] = [];
    for (const one of processes) {
      const label = (await readProc(machine.procfs, String(one.pid), "attr/current")) ?? "";
      if (/(^|\/\/&):[^:]+:/.test(label)) inside.push(one);
    }
    if (inside.length > 0 && !(await hasParser(machine, signal)))
      return about(inside, (names) => ({
        outcome: "stops",
        sentence: `In an AppArmor namespace of its own is ${names}, whose profiles CRIU has to suspend.`,
        next: "Install apparmor_parser (package apparmor) where CRIU runs.",
      }));
    const strict = processes.filter(({ status }) => status.get("Seccomp") === "1");
    const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(own)?.[1] ?? "ffffffffffffffff"}`);
    const missing = CAPABILITIES.filter(([bit]) => (effective & bit) === 0n).map(([, name]) => name);
    if (strict.length > 0)
      return about(strict, (names) => ({
        outcome: "warns",
        sentence: `In seccomp's strict mode runs ${names}, which CRIU has to suspend.`,
        next: "It needs CAP_SYS_ADMIN; freeze as root.",
      }));
    if (engine.endpoint.startsWith("unix:") || engine.endpoint.startsWith("tcp:") || missing.length === 0)
      return undefined;
    return {
      outcome: "warns",
      sentence: `CRIU would run here without ${missing.join(", ")}.`,
      next: "Run it with these capabilities; without CAP_SYS_RESOURCE it can't freeze processes of other users.",
    };
  },
};

export const PROCESS_CHECKS: readonly Check[] = [
  traced,
  tty,
  nestedNamespace,
  stopped,
  sysvOutside,
  confined,
];

// Checks of sockets: connections that CRIU won't save unasked, and those that lead out of the container.
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { readProc } from "../processes.ts";
import { about } from "./check.ts";
import type { Check, CheckContext } from "./check.ts";
import type { FrozenToBe } from "./subject.ts";

/** Of /proc/PID/net/tcp (proc_pid_net(5)): LISTEN, and CLOSE, which nobody is connected by. TIME_WAIT has no inode. */
const UNCONNECTED = ["0A", "07"];

function inodes(processes: readonly FrozenToBe[]): ReadonlyMap<string, FrozenToBe> {
  return new Map(
    processes.flatMap((one) =>
      one.files.flatMap(({ target }) => {
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        return inode === undefined ? [] : [[inode, one] as const];
      }),
    ),
  );
}

const tcpEstablished: Check = {
  code: "tcpEstablished",
  title: "TCP connections",
  async find(context) {
    if (context.switches.tcpEstablished === true) return undefined;
    const owners = inodes(context.processes);
    const connected = new Set<FrozenToBe>();
    for (const one of oneOfEach(context, "net"))
      for (const name of ["tcp", "tcp6"]) {
        const table = (await readProc(context.machine.procfs, String(one.pid), "net", name)) ?? "";
        for (const line of table.split("\n").slice(1)) {
          const fields = line.trim().split(/\s+/);
          const owner = owners.get(fields[9] ?? "");
          if (owner !== undefined && !UNCONNECTED.includes(fields[3] ?? "")) connected.add(owner);
        }
      }
    const can = context.engine.capabilities.checkpointOptions.includes("tcpEstablished");
    return about([...connected], (names) => ({
      outcome: "stops",
      sentence: `TCP connections are open in ${names}.`,
      next: can
        ? "Freeze with TCP connections kept, or close them."
        : "Add a line tcp-established to /etc/criu/runc.conf, or close them.",
      ...(can && { switch: "tcpEstablished" as const }),
    }));
  },
};

/**
 * The other end of a Unix socket isn't in /proc; ss(8) asks the kernel for it. What CRIU may be told to cut off is a
 * datagram socket whose other end has a name, as that of a log (criu/sk-unix.c).
 */
const externalUnix: Check = {
  code: "externalUnix",
  title: "Unix sockets to outside",
  async find(context) {
    const owners = inodes(context.processes);
    const outside = new Map<FrozenToBe, { cuttable: boolean }>();
    for (const one of oneOfEach(context, "net")) {
      const unix = (await readProc(context.machine.procfs, String(one.pid), "net/unix")) ?? "";
      // Nobody in there is connected by one: no need to ask.
      if (!unix.split("\n").some((line) => owners.has(line.trim().split(/\s+/)[6] ?? ""))) continue;
      const answer = await context.machine
        .run(
          "nsenter",
          ["--target", String(one.pid), "--net", "ss", "--unix", "--all", "--numeric", "--no-header"],
          {
            signal: context.signal,
            timeout: 5000,
          },
        )
        .catch(() => undefined);
      if (answer?.code !== 0)
        return {
          outcome: "unchecked",
          sentence: "Whether its Unix sockets lead outside could not be asked.",
          next: "Install ss (package iproute2) to have that checked.",
        };
      for (const { own, peer, cuttable } of parseUnixSockets(answer.stdout)) {
        const owner = owners.get(own);
        if (owner === undefined || peer === "0" || owners.has(peer)) continue;
        outside.set(owner, { cuttable: cuttable && outside.get(owner)?.cuttable !== false });
      }
    }
    // One that can't be cut off makes CRIU refuse, whatever is allowed.
    const fixed = [...outside].filter(([, { cuttable }]) => !cuttable).map(([owner]) => owner);
    if (fixed.length > 0)
      return about(fixed, (names) => ({
        outcome: "stops",
        sentence: `A Unix socket connected to a process outside is open in ${names}.`,
        next: "Close it: CRIU can't cut such a connection in half.",
      }));
    if (context.switches.externalUnix === true) return undefined;
    const can = context.engine.capabilities.checkpointOptions.includes("externalUnix");
    return about([...outside.keys()], (names) => ({
      outcome: "stops",
      sentence: `A Unix socket connected to a process outside is open in ${names}.`,
      next: can
        ? "Freeze with external Unix sockets allowed (they are connected again to what has the name then), or close it."
        : "Close it, or add a line ext-unix-sk to /etc/criu/runc.conf.",
      ...(can && { switch: "externalUnix" as const }),
    }));
  },
};

export interface UnixConnection {
  /** Inode numbers. */
  readonly own: string;
  readonly peer: string;
  readonly cuttable: boolean;
}

/**
 * Lines of ss: `u_str ESTAB 0 0 NAME INODE NAME PEER`, `*` for no name; names may hold blanks. The name of the other end
 * stands in its own line.
 */
export function parseUnixSockets(text: string): readonly UnixConnection[] {
  const sockets = text.split("\n").flatMap((line) => {
    const match = /^u_(\w+)\s+(\S+)\s+\d+\s+\d+\s+(.*)\s(\d+)\s+\S.*\s(\d+)\s*$/.exec(line);
    const [, type, state, name, own, peer] = match ?? [];
    return own === undefined || peer === undefined ? [] : [{ type, state, name: name?.trim(), own, peer }];
  });
  const named = new Set(sockets.filter(({ name }) => name !== "*").map(({ own }) => own));
  return sockets
    .filter(({ state }) => state === "ESTAB")
    .map(({ type, own, peer }) => ({ own, peer, cuttable: type === "dgr" && named.has(peer) }));
}

/** CRIU saves a TUN device with its network namespace only (criu/tun.c). */
const tunNamespace: Check = {
  code: "tunNamespace",
  title: "TUN devices",
  async find({ processes, machine }) {
    const machines = await readlink(join(machine.procfs, "1/ns/net")).catch(() => undefined);
    return about(
      processes.filter(
        ({ files, namespaces }) =>
          files.some(({ target }) => target === "/dev/net/tun") && namespaces.get("net") === machines,
      ),
      (names) => ({
        outcome: "stops",
        sentence: `A TUN device of the machine's own network is held by ${names}.`,
        next: "Run it in a network namespace of its own.",
      }),
    );
  },
};

/** One process of each namespace of this kind. */
function oneOfEach({ processes }: CheckContext, namespace: string): readonly FrozenToBe[] {
  return [...new Map(processes.map((one) => [one.namespaces.get(namespace), one])).values()];
}

export const SOCKET_CHECKS: readonly Check[] = [tcpEstablished, externalUnix, tunNamespace];

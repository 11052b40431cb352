import type { MessageMap } from "../../criu/index.ts";
import type { Layer } from "../layers.ts";
import type { Process } from "../processes.ts";
import { mapSome } from "../problems.ts";
import type { Report } from "../problems.ts";
import { namespaceIds } from "../process/namespaces.ts";
import type { NamespaceKind } from "../process/namespaces.ts";
import { readRecords } from "../records.ts";

/** A namespace and the processes in it. */
export interface Namespace {
  readonly kind: NamespaceKind;
  /** CRIU's id. */
  readonly id: number;
  /** Whether it is the one CRIU itself ran in: such are not dumped but found again at the restore. */
  readonly inherited: boolean;
  readonly pids: readonly number[];
  readonly facts: NamespaceFacts | undefined;
}

/** What an image of the namespace says; mounts, networks and ipc have parts of their own. */
export type NamespaceFacts =
  | { readonly type: "uts"; readonly nodename: string; readonly domainname: string }
  | { readonly type: "user"; readonly uidMap: readonly IdRange[]; readonly gidMap: readonly IdRange[] }
  /** What its clocks showed at the dump, nanoseconds (`criu/timens.c`): a restore makes them go on from there. */
  | { readonly type: "time"; readonly monotonic: bigint; readonly boottime: bigint }
  | { readonly type: "pid"; readonly externalKey: string | undefined };

/** A line of /proc/PID/uid_map: `count` ids from `inside` on are those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Every namespace of the processes, by kind and id. */
export async function readNamespaces(
  layer: Layer,
  processes: readonly Process[],
  rootIds: MessageMap["task_kobj_ids_entry"] | undefined,
  report: Report,
): Promise<readonly Namespace[]> {
  const members = new Map<string, { kind: NamespaceKind; id: number; pids: number[] }>();
  const alive = processes.filter(({ state }) => state !== "zombie");
  const ids = await mapSome(alive, 8, async ({ pid }) => {
    const [entry] = await readRecords(layer, `ids-${pid}.img`, "task_kobj_ids_entry", report, 1);
    return { pid, entries: entry === undefined ? [] : Object.entries(namespaceIds(entry)) };
  });
  for (const { pid, entries } of ids)
    for (const [name, id] of entries) {
      // The keys come from the table of kinds.
      const kind = name as NamespaceKind;
      const known = members.get(`${kind} ${id}`);
      if (known) known.pids.push(pid);
      else members.set(`${kind} ${id}`, { kind, id, pids: [pid] });
    }
  const root = rootIds === undefined ? {} : namespaceIds(rootIds);
  return mapSome([...members.values()].toSorted(byKind), 4, async ({ kind, id, pids }) => ({
    kind,
    id,
    inherited: root[kind] === id,
    pids,
    facts: await READERS[kind]?.(layer, id, report),
  }));
}

const byKind = (a: { kind: string; id: number }, b: { kind: string; id: number }): number =>
  a.kind === b.kind ? a.id - b.id : a.kind < b.kind ? -1 : 1;

type Reader = (layer: Layer, id: number, report: Report) => Promise<NamespaceFacts | undefined>;

/** How the image of a kind is read. A new kind is a row. */
const READERS: Readonly<Partial<Record<NamespaceKind, Reader>>> = {
  uts: async (layer, id, report) => {
    const [entry] = await readRecords(layer, `utsns-${id}.img`, "utsns_entry", report, 1);
    return entry && { type: "uts", nodename: entry.nodename, domainname: entry.domainname };
  },
  user: async (layer, id, report) => {
    const [entry] = await readRecords(layer, `userns-${id}.img`, "userns_entry", report, 1);
    return entry && { type: "user", uidMap: entry.uid_map.map(range), gidMap: entry.gid_map.map(range) };
  },
  time: async (layer, id, report) => {
    // There is at most one time namespace in a dump, and CRIU calls its image 0 (`criu/timens.c`).
    const file = layer.files.has(`timens-${id}.img`) ? `timens-${id}.img` : "timens-0.img";
    const [entry] = await readRecords(layer, file, "timens_entry", report, 1);
    return (
      entry && {
        type: "time",
        monotonic: nanoseconds(entry.monotonic),
        boottime: nanoseconds(entry.boottime),
      }
    );
  },
  pid: async (layer, id, report) => {
    const [entry] = await readRecords(layer, `pidns-${id}.img`, "pidns_entry", report, 1);
    return entry && { type: "pid", externalKey: entry.ext_key };
  },
};

const range = ({ first, lower_first, count }: MessageMap["uid_gid_extent"]): IdRange => ({
  inside: first,
  outside: lower_first,
  count,
});

/** The seconds are signed, whatever the schema says: offsets may go back. */
const nanoseconds = ({ tv_sec, tv_nsec }: MessageMap["timespec"]): bigint =>
  BigInt.asIntN(64, tv_sec) * 1_000_000_000n + tv_nsec;

import type { MessageMap } from "../criu/index.ts";
import type { Layer } from "./layers.ts";
import type { Report } from "./problems.ts";
import { readRecords } from "./records.ts";

/** Where the processes were in the cgroup hierarchies, and how the groups were set up. */
export interface Cgroups {
  readonly sets: readonly CgroupSet[];
  readonly controllers: readonly CgroupController[];
}

/** A combination of cgroups that processes are in; they name it by its id. */
export interface CgroupSet {
  readonly id: number;
  readonly members: readonly CgroupMember[];
}

export interface CgroupMember {
  /** `memory`, `name=systemd`; "" is cgroup v2. */
  readonly hierarchy: string;
  /** As /proc/PID/cgroup has it. */
  readonly path: string;
  /** Bytes of `path` that are outside of the process's cgroup namespace. */
  readonly namespacePrefix: number;
}

export interface CgroupController {
  readonly names: readonly string[];
  readonly threaded: boolean;
  readonly folders: readonly CgroupFolder[];
}

export interface CgroupFolder {
  readonly name: string;
  readonly properties: readonly CgroupProperty[];
  readonly folders: readonly CgroupFolder[];
}

/** A file of a cgroup: `memory.limit_in_bytes`. */
export interface CgroupProperty {
  readonly name: string;
  readonly value: string;
}

/** cgroup.img (`criu/cgroup.c`). */
export async function readCgroups(layer: Layer, report: Report): Promise<Cgroups> {
  const [entry] = await readRecords(layer, "cgroup.img", "cgroup_entry", report, 1);
  return {
    sets: (entry?.sets ?? []).map(({ id, ctls }) => ({
      id,
      members: ctls.map(({ name, path, cgns_prefix }) => ({
        hierarchy: name,
        path,
        namespacePrefix: cgns_prefix ?? 0,
      })),
    })),
    controllers: (entry?.controllers ?? []).map(({ cnames, dirs, is_threaded }) => ({
      names: cnames,
      threaded: is_threaded ?? false,
      folders: dirs.map(folder),
    })),
  };
}

/** The decoder has bounded how deep these go. */
function folder({ dir_name, properties, children }: MessageMap["cgroup_dir_entry"]): CgroupFolder {
  return {
    name: dir_name,
    properties: properties.map(({ name, value }) => ({ name, value })),
    folders: children.map(folder),
  };
}

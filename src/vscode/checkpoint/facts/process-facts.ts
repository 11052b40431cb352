import type { Checkpoint, Part, ProcessDetails } from "../../../checkpoint/index.ts";
import { fact } from "./fact.ts";
import type { Fact } from "./fact.ts";
import { factsOf } from "./facts-of.ts";

/** A list below a process, read when it is unfolded. */
export interface FactPart {
  /** Stable, in the id of its row. */
  readonly id: string;
  readonly label: string;
  /** Codicon. */
  readonly icon: string;
  of(checkpoint: Checkpoint, pid: number): Promise<Part<readonly Fact[]>>;
}

type DetailsPart = Omit<FactPart, "of"> & { readonly pick: (details: ProcessDetails) => object };

/** Parts that `Checkpoint.details` has. A new one is a row here. */
const FROM_DETAILS: readonly DetailsPart[] = [
  {
    id: "credentials",
    label: "Credentials",
    icon: "account",
    pick: ({ leader }) => leader.credentials ?? {},
  },
  {
    id: "signals",
    label: "Signals",
    icon: "zap",
    pick: ({ signals }) => ({
      ...signals,
      actions: signals.actions.filter(({ disposition }) => disposition !== "default"),
    }),
  },
  { id: "timers", label: "Timers", icon: "watch", pick: ({ timers }) => timers },
  {
    id: "limits",
    label: "Resource Limits",
    icon: "dashboard",
    pick: ({ limits }) =>
      Object.fromEntries(
        limits.map(({ name, soft, hard }) => [name, `${limitText(soft)} of ${limitText(hard)}`]),
      ),
  },
  { id: "seccomp", label: "Seccomp", icon: "shield", pick: ({ leader }) => leader.seccomp },
  { id: "scheduling", label: "Scheduling", icon: "history", pick: ({ leader }) => leader.scheduling ?? {} },
  { id: "namespaces", label: "Namespaces", icon: "symbol-namespace", pick: ({ namespaces }) => namespaces },
  { id: "layout", label: "Memory Layout", icon: "symbol-ruler", pick: ({ layout }) => layout ?? {} },
  {
    id: "auxiliary",
    label: "Auxiliary Vector",
    icon: "symbol-array",
    pick: ({ auxiliary }) =>
      Object.fromEntries(auxiliary.map(({ name, value }) => [name, `0x${value.toString(16)}`])),
  },
  {
    id: "other",
    label: "Other",
    icon: "ellipsis",
    pick: ({
      personality,
      flags,
      exitCode,
      oomScoreAdjust,
      loginUid,
      childSubreaper,
      stopSignal,
      membarrier,
      cgroupSet,
      shared,
    }) => ({
      personality,
      flags: flags === undefined ? undefined : `0x${flags.toString(16)}`,
      exitCode,
      oomScoreAdjust,
      loginUid,
      childSubreaper,
      stopSignal,
      membarrier,
      cgroupSet,
      shared,
    }),
  },
];

const limitText = (value: bigint | undefined): string =>
  value === undefined ? "unlimited" : value.toString();

/** The lists of a process besides threads, files and memory, in the order of the view. */
export const FACT_PARTS: readonly FactPart[] = [
  {
    id: "environment",
    label: "Environment",
    icon: "symbol-variable",
    async of(checkpoint, pid) {
      const { value, problems } = await checkpoint.environment(pid);
      return { value: value.variables.map((each) => fact(each.name, each.value ?? "")), problems };
    },
  },
  {
    id: "paths",
    label: "Paths",
    icon: "folder",
    async of(checkpoint, pid) {
      const { value, problems } = await checkpoint.paths(pid);
      const { umask, ...paths } = value;
      const mask = umask === undefined ? undefined : umask.toString(8).padStart(4, "0");
      return { value: factsOf({ ...paths, umask: mask }), problems };
    },
  },
  ...FROM_DETAILS.map(({ pick, ...part }): FactPart => ({
    ...part,
    async of(checkpoint, pid) {
      const { value, problems } = await checkpoint.details(pid);
      return { value: factsOf(pick(value)), problems };
    },
  })),
];

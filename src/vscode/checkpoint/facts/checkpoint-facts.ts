import type { Checkpoint, Part } from "../../../checkpoint/index.ts";
import type { Fact } from "./fact.ts";
import { factsOf } from "./facts-of.ts";

/** A list below a checkpoint, read when it is unfolded. */
export interface CheckpointFacts {
  /** Stable, in the id of its row. */
  readonly id: string;
  readonly label: string;
  /** Codicon. */
  readonly icon: string;
  of(checkpoint: Checkpoint): Promise<Part<readonly Fact[]>>;
}

/** What the model gives as a whole, shown member by member. */
async function membersOf(part: Promise<Part<object>> | Part<object>): Promise<Part<readonly Fact[]>> {
  const { value, problems } = await part;
  return { value: factsOf({ all: value })[0]?.children ?? [], problems };
}

const known = (value: object): Part<object> => ({ value, problems: [] });

/** The lists of a checkpoint besides processes, mounts and images, in the order of the view. A new one is a row here. */
export const CHECKPOINT_FACTS: readonly CheckpointFacts[] = [
  {
    id: "container",
    label: "Container",
    icon: "package",
    of: (checkpoint) => membersOf(known(checkpoint.container)),
  },
  { id: "criu", label: "CRIU", icon: "info", of: (checkpoint) => membersOf(known(checkpoint.criu)) },
  {
    id: "namespaces",
    label: "Namespaces",
    icon: "symbol-namespace",
    of: (checkpoint) => membersOf(checkpoint.namespaces()),
  },
  { id: "networks", label: "Networks", icon: "globe", of: (checkpoint) => membersOf(checkpoint.networks()) },
  {
    id: "connections",
    label: "Pipes and Sockets",
    icon: "plug",
    of: (checkpoint) => membersOf(checkpoint.connections()),
  },
  { id: "locks", label: "File Locks", icon: "lock", of: (checkpoint) => membersOf(checkpoint.fileLocks()) },
  { id: "ipc", label: "System V IPC", icon: "mail", of: (checkpoint) => membersOf(checkpoint.ipc()) },
  {
    id: "cgroups",
    label: "Control Groups",
    icon: "group-by-ref-type",
    of: (checkpoint) => membersOf(checkpoint.cgroups()),
  },
];

import type { Checkpoint, Network, Part } from "../../../checkpoint/index.ts";
import { fact } from "./fact.ts";
import type { Fact } from "./fact.ts";
import { factsOf } from "./facts-of.ts";

/** A list below a checkpoint, read when it is unfolded. */
export interface CheckpointFacts {
  /** Stable, in the id of its row. */
  readonly id: string;
  readonly label: string;
  /** Codicon. */
  readonly icon: string;
  /** What it means that there is none, where that isn't plain. */
  readonly none?: string;
  of(checkpoint: Checkpoint): Promise<Part<readonly Fact[]>>;
}

/** What the model gives as a whole, shown member by member. */
async function membersOf(part: Promise<Part<object>> | Part<object>): Promise<Part<readonly Fact[]>> {
  const { value, problems } = await part;
  return { value: factsOf({ all: value })[0]?.children ?? [], problems };
}

/** A network namespace by its devices and where it can be reached. */
function networkFact(network: Network): Fact {
  const { id, devices, addresses } = network;
  const reached = addresses.map(({ address }) => address).join(" ");
  const names = devices.map(({ name }) => name).join(", ");
  return fact(
    `Namespace ${id}`,
    [names, reached].filter((text) => text !== "").join(" · "),
    factsOf(network),
  );
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
  {
    id: "networks",
    label: "Networks",
    icon: "globe",
    none: "None was dumped: CRIU leaves out the host's, and one that the engine set up from outside.",
    async of(checkpoint) {
      const { value, problems } = await checkpoint.networks();
      return { value: value.map(networkFact), problems };
    },
  },
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

import { engineErrors } from "./errors.ts";
import { at, list, record, text, texts, whole } from "./json.ts";

/** Where the frozen state lies: in a file or folder, in the engine under a name, in a container's own storage, in a container image. */
export type SavedCheckpoint =
  | { readonly kind: "archive"; readonly path: string }
  /** `bundle` is where runc and crun find the container's configuration and root file system. */
  | { readonly kind: "folder"; readonly path: string; readonly bundle?: string }
  /** An archive on a node of a cluster. */
  | { readonly kind: "node"; readonly node: string; readonly path: string }
  | { readonly kind: "named"; readonly id: string }
  | { readonly kind: "container" }
  | { readonly kind: "image"; readonly reference: string };

/** A checkpoint in the catalog: everything that is needed to find its files and to restore it later. Plain JSON. */
export interface Snapshot {
  readonly format: 1;
  /** A UUID of its own. */
  readonly id: string;
  readonly name: string;
  readonly note: string;
  /** When it was frozen, ISO 8601 in UTC. */
  readonly time: string;
  readonly engine: { readonly kind: string; readonly version: string; readonly endpoint: string };
  readonly container: { readonly id: string; readonly name: string; readonly image: string };
  readonly checkpoint: SavedCheckpoint;
  readonly leftRunning: boolean;
  /** Switches of the checkpoint that its restore needs again. */
  readonly needs: readonly SnapshotNeed[];
  readonly tags?: readonly string[];
  /** Retention leaves it alone. */
  readonly pinned?: boolean;
  /** Bytes on disk, once they were counted. */
  readonly size?: number;
  /** Of the evidence: the archive's own, or that of a folder's list of files (see `evidence.ts`). */
  readonly sha256?: string;
  /** Whether its images are encrypted, once that was looked at. */
  readonly sealed?: boolean;
  /** For whom it was sealed when it was made; what was plain of it is gone, so that no engine can restore it. */
  readonly sealedFor?: readonly string[];
  /** Id of the snapshot that the container was at before: the last one frozen or woken. */
  readonly parent?: string;
  /** Only memory, written while the container ran: the start of a later one, and nothing to restore. */
  readonly pre?: boolean;
  /** It came from elsewhere: this machine didn't make it. */
  readonly imported?: boolean;
}

const NEEDS = ["tcpEstablished", "fileLocks", "externalUnix", "shellJob"] as const;
export type SnapshotNeed = (typeof NEEDS)[number];

function isNeed(value: unknown): value is SnapshotNeed {
  return NEEDS.some((need) => need === value);
}

/** The switches of a checkpoint that its restore needs again. */
export function needsOf(switches: Readonly<Partial<Record<SnapshotNeed, boolean>>>): readonly SnapshotNeed[] {
  return NEEDS.filter((need) => switches[need] === true);
}

/** Reads one snapshot of a catalog. Throws `engine.badSnapshot` naming the field that is wrong. */
export function parseSnapshot(value: unknown): Snapshot {
  if (at(value, "format") !== 1) throw engineErrors.badSnapshot("format");
  const time = required(value, "time");
  if (Number.isNaN(Date.parse(time))) throw engineErrors.badSnapshot("time");
  return {
    format: 1,
    id: required(value, "id"),
    name: required(value, "name"),
    note: text(at(value, "note")),
    time,
    engine: {
      kind: required(value, "engine", "kind"),
      version: text(at(value, "engine", "version")),
      endpoint: required(value, "engine", "endpoint"),
    },
    container: {
      id: required(value, "container", "id"),
      name: text(at(value, "container", "name")),
      image: text(at(value, "container", "image")),
    },
    checkpoint: parseCheckpoint(at(value, "checkpoint")),
    leftRunning: at(value, "leftRunning") === true,
    needs: list(at(value, "needs")).filter(isNeed),
    ...extras(value),
  };
}

/** What older records don't have is left out, and so is what makes no sense. */
function extras(
  value: unknown,
): Pick<
  Snapshot,
  "tags" | "pinned" | "size" | "sha256" | "sealed" | "sealedFor" | "parent" | "pre" | "imported"
> {
  const tags = texts(at(value, "tags"));
  const size = whole(at(value, "size"));
  const sha256 = text(at(value, "sha256"));
  const sealed = at(value, "sealed");
  const sealedFor = texts(at(value, "sealedFor"));
  const parent = text(at(value, "parent"));
  return {
    ...(tags.length > 0 && { tags }),
    ...(at(value, "pinned") === true && { pinned: true }),
    ...(size !== undefined && { size }),
    ...(/^[0-9a-f]{64}$/.test(sha256) && { sha256 }),
    ...(sealedFor.length > 0 && { sealedFor }),
    ...(typeof sealed === "boolean" && { sealed }),
    ...(parent !== "" && { parent }),
    ...(at(value, "pre") === true && { pre: true }),
    ...(at(value, "imported") === true && { imported: true }),
  };
}

function parseCheckpoint(value: unknown): SavedCheckpoint {
  switch (record(value).kind) {
    case "archive":
      return { kind: "archive", path: required({ checkpoint: value }, "checkpoint", "path") };
    case "folder": {
      const bundle = text(at(value, "bundle"));
      const path = required({ checkpoint: value }, "checkpoint", "path");
      return { kind: "folder", path, ...(bundle !== "" && { bundle }) };
    }
    case "node": {
      const checkpoint = value;
      return {
        kind: "node",
        node: required({ checkpoint }, "checkpoint", "node"),
        path: required({ checkpoint }, "checkpoint", "path"),
      };
    }
    case "named":
      return { kind: "named", id: required({ checkpoint: value }, "checkpoint", "id") };
    case "container":
      return { kind: "container" };
    case "image":
      return { kind: "image", reference: required({ checkpoint: value }, "checkpoint", "reference") };
    default:
      throw engineErrors.badSnapshot("checkpoint.kind");
  }
}

function required(value: unknown, ...path: readonly string[]): string {
  const found = text(at(value, ...path));
  if (found === "") throw engineErrors.badSnapshot(path.join("."));
  return found;
}

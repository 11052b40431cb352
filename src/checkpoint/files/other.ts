import { flagNames } from "../names.ts";
import { fileKind } from "./kind.ts";

/** An open /proc/PID/ns file. */
export interface NamespaceFile {
  readonly kind: "namespace";
  /** CRIU's id of the namespace. */
  readonly namespaceId: number;
  /** `CLONE_NEWNET` … */
  readonly type: string;
}

/** /dev/net/tun. */
export interface TunFile {
  readonly kind: "tun";
  /** Name of its network device; undefined while it has none. */
  readonly device: string | undefined;
  readonly detached: boolean;
  readonly namespaceId: number | undefined;
}

/** A file that a plugin of CRIU keeps. */
export interface ExternalFile {
  readonly kind: "external";
}

/** A file of pidfd_open(2). */
export interface ProcessFile {
  readonly kind: "pidfd";
  /** The process it stands for, by its pid in the container. */
  readonly pid: number;
  /** In pidfs; 64 bits since CRIU 4.3. */
  readonly inode: bigint;
}

export const NAMESPACE = fileKind(
  "NS",
  "nsf",
  (file) => {
    const type = flagNames("clone.ns", file.ns_cflag).join(" ");
    return {
      // `net namespace 2`
      description: `${type.replace("CLONE_NEW", "").toLowerCase()} namespace ${file.ns_id}`,
      flags: file.flags,
      detail: { kind: "namespace", namespaceId: file.ns_id, type },
    };
  },
  { file: "ns-files.img", message: "ns_file_entry" },
);

export const TUN = fileKind(
  "TUNF",
  "tunf",
  (file) => ({
    path: "/dev/net/tun",
    description: `tun ${file.netdev ?? "unattached"}`,
    detail: {
      kind: "tun",
      device: file.netdev,
      detached: file.detached ?? false,
      namespaceId: file.ns_id,
    },
  }),
  { file: "tunfile.img", message: "tunfile_entry" },
);

export const EXTERNAL = fileKind(
  "EXT",
  "ext",
  (file) => ({ description: `plugin file ${file.id}`, owner: file.fown, detail: { kind: "external" } }),
  { file: "ext-files.img", message: "ext_file_entry" },
);

export const PIDFD = fileKind(
  "PIDFD",
  "pidfd",
  (file) => ({
    description: `pidfd of process ${file.nspid}`,
    // The entry's flags are those of pidfd_open(2), not of the file.
    owner: file.fown,
    detail: { kind: "pidfd", pid: file.nspid, inode: file.ino },
  }),
  { file: "pidfd.img", message: "pidfd_entry" },
);

import type { MessageMap } from "../../criu/index.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import { enumName } from "../names.ts";
import { openFlagNames } from "../open-flags.ts";
import { pacer } from "../pace.ts";
import type { Report } from "../problems.ts";
import { readRecords } from "../records.ts";
import type { FileContext } from "./context.ts";
import type { FileDetail } from "./detail.ts";
import { FILE_KINDS } from "./kinds.ts";
import { MAX_FILES } from "./table.ts";

/** A file descriptor of a process, and the open file behind it. */
export interface OpenFile {
  readonly fd: number;
  /** CRIU's word for the kind: `REG`, `PIPE`, `INETSK`. */
  readonly type: string;
  /** A path in the process's root where the file has one. */
  readonly path: string | undefined;
  /** One line for people: `/etc/passwd`, `TCP 127.0.0.1:80 LISTEN`, `pipe:[42]`. */
  readonly description: string;
  /** Names of open flags: `O_RDWR`, `O_APPEND`. */
  readonly flags: readonly string[];
  readonly closeOnExec: boolean;
  /** File offset in bytes, for kinds that have one. */
  readonly position: bigint | undefined;
  /** Two descriptors with the same id share one open file description. */
  readonly id: number;
  /** The file has no name any more: CRIU kept its content (ghost) or another link. */
  readonly deleted: boolean;
  /** The open flags as a number, as the machine has them. */
  readonly flagBits: number | undefined;
  /** Id of the mount it was opened in, of dumps with mount namespaces. */
  readonly mountId: number | undefined;
  /** The kernel's inode number, for kinds that images have it of. */
  readonly inode: bigint | undefined;
  /** Who gets signals about it (F_SETOWN); undefined when nobody does. */
  readonly owner: FileOwner | undefined;
  /** SELinux label. */
  readonly securityLabel: string | undefined;
  /** Everything else, by its `kind`; undefined when the images don't describe the file. */
  readonly detail: FileDetail | undefined;
}

/** Whom F_SETOWN made the owner of a file, as whom, and by which signal they are told. */
export interface FileOwner {
  readonly uid: number;
  readonly euid: number;
  /** 0 is SIGIO. */
  readonly signal: number;
  readonly pid: number;
  /** `F_OWNER_PID` … */
  readonly pidType: string;
}

/** FD_CLOEXEC, the only descriptor flag there is. */
const FD_CLOEXEC = 1;

export type Descriptor = MessageMap["fdinfo_entry"];

/** The entries of the table `fdinfo-ID.img`. ID is `files_id` of the process's ids image, in old dumps its pid. */
export function readDescriptors(
  layer: Layer,
  filesId: number,
  report: Report,
): Promise<readonly Descriptor[]> {
  return readRecords(layer, `fdinfo-${filesId}.img`, "fdinfo_entry", report, MAX_FILES);
}

/** The descriptors of a table by number, with all that the images say of their files. */
export async function readOpenFiles(
  layer: Layer,
  filesId: number,
  context: FileContext,
  machine: number | undefined,
  report: Report,
): Promise<readonly OpenFile[]> {
  const pause = pacer();
  const files: OpenFile[] = [];
  for (const entry of await readDescriptors(layer, filesId, report)) {
    await pause();
    const type = FILE_KINDS[entry.type];
    const file = context.get(entry.id);
    const facts = file && (await type?.describe(file, context));
    if (facts === undefined)
      report({
        code: "checkpoint.fileMissing",
        message: `Descriptor ${entry.fd} is file ${entry.id}, which files.img doesn't describe.`,
        severity: "warning",
        file: pathInLayer(layer, `fdinfo-${filesId}.img`),
      });
    const deleted = context.isDeleted(entry.id);
    const description = facts?.description ?? `file ${entry.id}`;
    files.push({
      fd: entry.fd,
      type: type?.name ?? `#${entry.type}`,
      path: facts?.path,
      description: deleted ? `${description} (deleted)` : description,
      flags: facts?.flags === undefined ? [] : openFlagNames(facts.flags, machine),
      flagBits: facts?.flags,
      closeOnExec: (entry.flags & FD_CLOEXEC) !== 0,
      position: facts?.position,
      id: entry.id,
      deleted,
      mountId: facts && mountOf(facts.detail),
      inode: facts && inodeOf(facts.detail),
      owner: facts?.owner && ownerOf(facts.owner),
      securityLabel: entry.xattr_security_selinux,
      detail: facts?.detail,
    });
  }
  return files.toSorted((a, b) => a.fd - b.fd);
}

/** Undefined when nobody asked for signals. */
function ownerOf(owner: MessageMap["fown_entry"]): FileOwner | undefined {
  if (owner.pid === 0 && owner.signum === 0) return undefined;
  const { uid, euid, signum: signal, pid } = owner;
  return { uid, euid, signal, pid, pidType: enumName("owner_type", owner.pid_type) };
}

function mountOf(detail: FileDetail): number | undefined {
  return detail.kind === "regular" || detail.kind === "unix" ? detail.mountId : undefined;
}

/** The inode number, for the kinds that images have one of. */
function inodeOf(detail: FileDetail): bigint | undefined {
  switch (detail.kind) {
    case "pipe":
      return BigInt(detail.pipeId);
    case "inet":
    case "unix":
    case "netlink":
    case "pidfd":
      return BigInt(detail.inode);
    case "regular":
      return detail.remap?.type === "ghost" ? detail.remap.inode : undefined;
    default:
      return undefined;
  }
}

import type { Layer } from "./layers.ts";
import { enumName } from "./names.ts";
import type { Report } from "./problems.ts";
import { readRecords } from "./records.ts";

/** A lock or lease on an open file. */
export interface FileLock {
  readonly kind: "posix" | "flock" | "ofd" | "lease" | "unknown";
  /** `F_RDLCK`, `F_WRLCK`, `F_UNLCK`. */
  readonly type: string;
  /** The process that holds it; the owner of the descriptor. */
  readonly pid: number;
  readonly fd: number;
  /** First byte. */
  readonly start: bigint;
  /** Bytes; 0 up to the end, however far that moves. */
  readonly length: bigint;
}

const KINDS: Readonly<Record<number, FileLock["kind"]>> = { 1: "posix", 2: "flock", 4: "ofd", 8: "lease" };
const MAX_LOCKS = 1_000_000;
/** Of a lease's type, the bit for one that is being broken (`criu/file-lock.c`). */
const LEASE_TYPE = 3;

/** filelocks.img (`criu/file-lock.c`). Dumps without --file-locks have none. */
export async function readFileLocks(layer: Layer, report: Report): Promise<readonly FileLock[]> {
  const entries = await readRecords(layer, "filelocks.img", "file_lock_entry", report, MAX_LOCKS);
  return entries.map((entry) => ({
    kind: KINDS[entry.flag] ?? "unknown",
    type: enumName("lock.type", entry.type & LEASE_TYPE),
    pid: entry.pid,
    fd: entry.fd,
    start: entry.start,
    length: entry.len,
  }));
}

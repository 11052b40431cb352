import type { SnapshotNeed } from "./snapshot.ts";

/** For freezing and waking alike: criu(8) has them, and runc and crun hand them on under the same names. */
const SWITCHES: Readonly<Record<SnapshotNeed, string>> = {
  tcpEstablished: "--tcp-established",
  fileLocks: "--file-locks",
  externalUnix: "--ext-unix-sk",
  shellJob: "--shell-job",
};

/** The switches that are on, for the command line. */
export function switchArgs(switches: Readonly<Partial<Record<SnapshotNeed, boolean>>>): string[] {
  return Object.entries(SWITCHES).flatMap(([name, arg]) =>
    // The keys of SWITCHES are its own, whatever Object.entries says.
    switches[name as SnapshotNeed] === true ? [arg] : [],
  );
}

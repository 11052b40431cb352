// Folders of more names than are listed.
import { printable } from "./errors.ts";

/** Names that the list of one folder holds, save for those of `ALWAYS_LISTED`. By its path every name is found. */
export const MAX_LISTED = 1 << 17;

/**
 * What is listed wherever in a crowded folder it comes: what CRIU writes once a dump (`criu/image-desc.c`, the names without a
 * number) and without which a checkpoint isn't found, or none of its processes.
 */
export const ALWAYS_LISTED: readonly string[] = [
  ...["inventory.img", "pstree.img", "files.img", "cipher.img", "parent"],
  ...["cgroup.img", "seccomp.img", "apparmor.img", "cpuinfo.img", "remap-fpath.img", "filelocks.img"],
  ...["tty-info.img", "tty-data.img", "memfd.img", "binfmt-misc.img", "sk-queues.img"],
  ...["pipes-data.img", "fifo-data.img", "bpfmap-file.img", "bpfmap-data.img"],
  ...["stats-dump", "dump.log", "descriptors.json", "config.dump", "spec.dump", "status.dump"],
];

export const tooManyNames = (folder: string, most: number): string =>
  `${folder === "" ? "The root" : printable(folder)} holds more than ${most} names; the first ones are listed.`;

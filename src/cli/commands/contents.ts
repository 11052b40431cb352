// What a checkpoint holds, as CRIU and the engines wrote it.
import type { CommandRow } from "../command.ts";
import { KEY_OPTIONS, RAW_OPTION } from "./options.ts";

export const CONTENTS: readonly CommandRow[] = [
  {
    name: "cat",
    summary: "a file of a checkpoint's archive, byte for byte",
    usage: `cryoscope cat CHECKPOINT PATH [--raw] [--key FILE]…

PATH may lead into archives within the archive: rootfs-diff.tar/etc/passwd. Links are not followed.

${RAW_OPTION}
${KEY_OPTIONS}`,
    load: () => import("../cat.ts"),
  },
  {
    name: "inspect",
    summary: "what a checkpoint holds: engine, processes, files, mounts, problems",
    usage: `cryoscope inspect CHECKPOINT [--pid N]… [--section NAME]… [--all] [--format tree|table|json] [--key FILE]…

CHECKPOINT is a folder, an archive (tar, tar.gz, tar.zst) or the folder of the images. Prints a summary and the process
tree; what could not be read is listed at the end.

  --all                    everything, as a tree
  --section NAME           this only: processes, paths, threads, files, memory, environment, details (credentials,
                           signals, limits …), container, criu, mounts, namespaces, network, ipc, cgroups, locks,
                           connections, log, configuration
  --pid N                  this process only
  --container NAME         of several checkpoints (a pod's), this one
  --format FORMAT          summary, tree, table or json
  --json                   everything, as one document (docs/inspect.schema.json)
${KEY_OPTIONS}`,
    load: () => import("../inspect.ts"),
  },
  {
    name: "ls",
    summary: "the files of a checkpoint's archive",
    usage: `cryoscope ls CHECKPOINT [PATH] [-R] [--json] [--raw] [--key FILE]…

PATH is a folder or an archive within the archive (rootfs-diff.tar), a path into one, or a file. Prints kind, permissions,
size, time (UTC) and name. Exit status 1 says that the archive has problems, which are on standard error.

  -R, --recursive          all that is below PATH; archives stay closed
  --json                   one document (docs/ls.schema.json); names what the files come from, and several checkpoints
${RAW_OPTION}
${KEY_OPTIONS}`,
    load: () => import("../ls.ts"),
  },
];

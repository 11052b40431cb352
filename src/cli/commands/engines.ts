// Freezing and waking, and what was frozen before.
import { KEY_OPTIONS } from "./options.ts";
import type { CommandRow } from "../command.ts";

export const ENGINES: readonly CommandRow[] = [
  {
    name: "bisect",
    summary: "the first of a row of snapshots in which a command's or a condition's answer is another",
    usage: `cryoscope bisect FILE…|FOLDER [--container NAME] [--engine E] [--inside] [--copy] [--timeout SECONDS] [--json]
       -- COMMAND [ARGUMENT]…
       cryoscope bisect FILE…|FOLDER --memory PATTERN [--regex|--hex|--int|--pointer] [--pid N]… [--sysroot PATH] [--json]
       cryoscope bisect FILE…|FOLDER --expression TEXT [--pid N]… [--sysroot PATH] [--json]

FILEs are what \`cryoscope checkpoint\` wrote, FOLDER holds a catalog.json. The snapshots are taken by their times, oldest
first; each that is tried is restored, COMMAND is run on it, and the next is chosen by halves. As with git bisect run,
status 0 says that all is as before, 125 that it can't be told, anything else up to 127 that it has turned.

With --memory or --expression the frozen images themselves are asked: nothing is restored, and no engine and no root is
needed. What the first snapshot answers is as before. FILEs may then be any checkpoints, sealed ones too; when one has no
record they are taken as they are named, oldest first.

  --memory PATTERN         whether PATTERN is in the memory of its processes. The options of cryoscope search say how it
                           is meant and where it is looked for: --regex, --hex, --int, --pointer, --utf16, -i, --width,
                           --big-endian, --unaligned, --prot, --range, --kind, --dirty
  --expression TEXT        whether TEXT is true in the first thread of one of its processes: 'counter > 41',
                           '$rip == main', '*(i32*)0x404010 != 0'; a value alone is true when it isn't 0. Names are those of
                           the innermost call that knows them
  --pid N                  of these processes only; may be repeated
  --sysroot PATH           a root folder or container image that has the programs, for names and types
${KEY_OPTIONS}

  --container NAME         of the snapshots in FOLDER, those of this container
  --engine E               as for restore; by default the one that froze them
  --inside                 run COMMAND in the container; else on this machine, with CRYOSCOPE_CONTAINER (its id),
                           CRYOSCOPE_PID, CRYOSCOPE_ENGINE and CRYOSCOPE_SNAPSHOT in its environment
  --copy                   restore beside the container, and remove the copy; else the container is replaced, and stays
                           as the last try left it
  --timeout SECONDS        what COMMAND may take before it counts as "can't be told"; 60 when not given
  --json                   one document (docs/bisect.schema.json)`,
    load: async () => (await import("../memory-commands.ts")).bisect,
  },
  {
    name: "checkpoint",
    summary: "freeze a container or process",
    usage: `cryoscope checkpoint CONTAINER --engine E -o FILE [--name NAME] [--leave-running] [--tcp-established]
       [--file-locks] [--external-unix] [--shell-job] [--ignore-rootfs] [--whole-pod] [--json]
       [--pre-checkpoint] [--previous FILE] [--seal-for RECIPIENT]…
       cryoscope checkpoint CONTAINER --engine E --preflight [--json]

Podman writes a tar; runc, crun and criu write a folder; Docker keeps the checkpoint and gives a copy as a tar. FILE.json
is written beside it, for \`cryoscope restore\`. What an engine can't do is said before anything happens.

  --engine E               docker, podman, runc, crun, criu (CONTAINER is then a process id), or an address:
                           unix:///run/podman/podman.sock, runc:///run/runc, kubernetes://CONTEXT
  -o, --output FILE        where the checkpoint goes; must not exist yet
  --pre-checkpoint         only its memory, while it runs on; the next checkpoint names it, and is quick
  --previous FILE          the pre-checkpoint that this one builds on; its record must lie beside it
  --seal-for RECIPIENT     seal it at once for a recipient of age, or an RSA certificate's file, and delete what is
                           plain of it (which isn't erasing); may be repeated. An engine can't restore it then
  --whole-pod              all containers of its pod, where the cluster can (docs/engines.md); only it restores them
  --preflight              freeze nothing; say what CRIU will refuse (exit status 1 when it will)`,
    load: () => import("../checkpoint.ts"),
  },
  {
    name: "container-image",
    summary: "a container image of a checkpoint, from which Podman, CRI-O and Kubernetes restore it",
    usage: `cryoscope container-image ARCHIVE -o FILE [--reference NAME:TAG] [--name NAME] [--architecture A]

ARCHIVE is a tar as Podman, CRI-O or a kubelet wrote it. FILE becomes an oci-archive: podman load -i FILE, or skopeo copy
oci-archive:FILE docker://registry.example/web:frozen.

  -o, --output FILE        the file to write; it appears whole or not at all
  --reference NAME:TAG     what the image is called; localhost/ARCHIVE:frozen when not given
  --name NAME              of the container; what the checkpoint says when not given
  --architecture A         the processor (amd64, arm64) that it ran on; this machine's when not given`,
    load: () => import("../container-image.ts"),
  },
  {
    name: "engines",
    summary: "the engines that are found here, and what they can",
    usage: `cryoscope engines [--json]

Looks at DOCKER_HOST, CONTAINER_HOST, the Docker context, the usual sockets, and for runc, crun and criu. Exit status 1
when something that was named doesn't answer.

  --json                   one document (docs/engines.schema.json)`,
    load: () => import("../engines.ts"),
  },
  {
    name: "restore",
    summary: "run a frozen container or process again",
    usage: `cryoscope restore FILE [--engine E] [--name NAME] [--replace] [--tcp-established] [--tcp-close] [--file-locks]
       [--leave-stopped] [--publish HOST:CONTAINER]… [--pod POD] [--json]

FILE is what \`cryoscope checkpoint\` or the engine wrote. What is in it runs, with all that its configuration says.

  --engine E               as for checkpoint; by default the one that froze it, when FILE.json is there
  --name NAME              as a new container, beside the old one
  --replace                stop, and where needed remove, the container it was made of
  --leave-stopped          criu only: it comes back stopped, for a debugger`,
    load: () => import("../restore.ts"),
  },
  {
    name: "snapshots",
    summary: "the snapshots of a catalog's folder",
    usage: `cryoscope snapshots FOLDER [--verify] [--json]

FOLDER holds a catalog.json, as the editor keeps one for each workspace. Chains are drawn as chains.

  --verify                 hash the files again and compare
  --json                   one document (docs/snapshots.schema.json)`,
    load: () => import("../snapshots.ts"),
  },
];

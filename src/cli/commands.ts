import type { CommandRow } from "./command.ts";

const KEY_OPTIONS = `  --key FILE               key of a sealed checkpoint (docs/sealed.md); "gpg-agent" is the user's gpg; may be repeated
  --passphrase-file FILE   a passphrase, of a key or of the checkpoint, on the first line of FILE; may be repeated
  --openssl-enc WORDS      what \`openssl enc\` was called with: "-aes-256-cbc -pbkdf2 -iter 200000"
  --max-inflated SIZE      how far a packed archive may inflate: 20G; else until the disk is full, or it looks like a bomb`;

const RAW_OPTION = `  --raw                    a container image as the files it is stored in, not as the checkpoint in it`;

const FILTER_OPTIONS = `  --pid N                  only this process; may be repeated
  --prot P                 only memory with these rights: w, rx; r-x is exactly these
  --range START-END        only these addresses
  --kind K                 only heap, stack, anonymous, file, shared, memfd, sysv …; may be repeated
  --dirty                  only what the newest layer wrote`;

/**
 * Every command of the command line. Adding one is adding a row here and the file it loads; one that reads memory is also
 * named in memory-commands.ts.
 */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "bisect",
    summary: "the first of a row of snapshots in which a command's answer is another",
    usage: `cryoscope bisect FILE…|FOLDER [--container NAME] [--engine E] [--inside] [--copy] [--timeout SECONDS] [--json]
       -- COMMAND [ARGUMENT]…

FILEs are what \`cryoscope checkpoint\` wrote, FOLDER holds a catalog.json. The snapshots are taken by their times, oldest
first; each that is tried is restored, COMMAND is run on it, and the next is chosen by halves. As with git bisect run,
status 0 says that all is as before, 125 that it can't be told, anything else up to 127 that it has turned.

  --container NAME         of the snapshots in FOLDER, those of this container
  --engine E               as for restore; by default the one that froze them
  --inside                 run COMMAND in the container; else on this machine, with CRYOSCOPE_CONTAINER (its id),
                           CRYOSCOPE_PID, CRYOSCOPE_ENGINE and CRYOSCOPE_SNAPSHOT in its environment
  --copy                   restore beside the container, and remove the copy; else the container is replaced, and stays
                           as the last try left it
  --timeout SECONDS        what COMMAND may take before it counts as "can't be told"; 60 when not given
  --json                   one document (docs/bisect.schema.json)`,
    load: () => import("./bisect.ts"),
  },
  {
    name: "cat",
    summary: "a file of a checkpoint's archive, byte for byte",
    usage: `cryoscope cat CHECKPOINT PATH [--raw] [--key FILE]…

PATH may lead into archives within the archive: rootfs-diff.tar/etc/passwd. Links are not followed.

${RAW_OPTION}
${KEY_OPTIONS}`,
    load: () => import("./cat.ts"),
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
    load: () => import("./checkpoint.ts"),
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
    load: () => import("./container-image.ts"),
  },
  {
    name: "core",
    summary: "a frozen process as an ELF core, for gdb and lldb",
    usage: `cryoscope core CHECKPOINT --pid N -o FILE [--sysroot FOLDER] [--json] [--key FILE]…

  --pid N                  the process, by its number in the checkpoint
  -o, --output FILE        the file to write; it appears whole or not at all, and has holes where memory is zero
  --sysroot FOLDER         a root folder or container image that has the files which were mapped and not dumped
  --json                   print what was written, and problems, as JSON
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).core,
  },
  {
    name: "decode",
    summary: "an image as JSON, as crit decodes it",
    usage: `cryoscope decode IMAGE [--json] [--plain] [--key FILE]…
       cryoscope decode IMAGE… -o FOLDER [--plain] [--key FILE]…

IMAGE is one file of a checkpoint, such as core-1.img. The output is always JSON.

  -o, --output FOLDER      write NAME.json into FOLDER for each image, instead of printing
  --json, --pretty         as crit decode --pretty prints it, with names of flags and hexadecimal numbers
                           (what it is anyway)
  --plain                  as crit decode prints it without --pretty: plain numbers, on one line
${KEY_OPTIONS}`,
    load: () => import("./decode.ts"),
  },
  {
    name: "encode",
    summary: "JSON of crit's form as an image, as crit encodes it",
    usage: `cryoscope encode JSON -o IMAGE

JSON is a file as \`cryoscope decode\` and \`crit decode\` print it, pretty or plain; - is standard input.

  -o, --output IMAGE       the file to write; it appears whole or not at all`,
    load: () => import("./encode.ts"),
  },
  {
    name: "engines",
    summary: "the engines that are found here, and what they can",
    usage: `cryoscope engines [--json]

Looks at DOCKER_HOST, CONTAINER_HOST, the Docker context, the usual sockets, and for runc, crun and criu. Exit status 1
when something that was named doesn't answer.

  --json                   one document (docs/engines.schema.json)`,
    load: () => import("./engines.ts"),
  },
  {
    name: "heap",
    summary: "the blocks of a process's heap, as glibc's malloc keeps them",
    usage: `cryoscope heap CHECKPOINT --pid N [--chunks] [--state S]… [--json] [--sysroot ROOT] [--key FILE]…

The arenas of glibc's malloc (2.26 and later, 64 bits), and how much of them is used and free. Exit status 1 says that
the process has no such heap: another malloc, or none.

  --pid N                  the process, as the container numbers it
  --chunks                 every chunk: address, size, state
  --state S                only used, free, tcache, fastbin, top or cache chunks; may be repeated
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped; symbols tell main_arena
  --json                   one document (docs/heap.schema.json); with --chunks up to 1,000,000 of them
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).heap,
  },
  {
    name: "history",
    summary: "the lines that were typed into shells, out of their memory",
    usage: `cryoscope history CHECKPOINT [--pid N]… [--json] [--key FILE]…

The history of bash and of other programs with GNU readline, with the time of each line, whether it was written to a
file or not. Lines behind "-" are not in the list any more.

  --pid N                  this process, whatever it is; may be repeated; all shells when not given
  --json                   one document (docs/history.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).history,
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
    load: () => import("./inspect.ts"),
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
    load: () => import("./ls.ts"),
  },
  {
    name: "memory",
    summary: "the memory of a process: its mappings, or the bytes at an address",
    usage: `cryoscope memory CHECKPOINT --pid N [--json] [--sysroot ROOT] [--key FILE]…
       cryoscope memory CHECKPOINT --pid N --address A [--length L] [-o FILE] [--json] [--sysroot ROOT] [--key FILE]…

Without an address: every mapping, and how much of it was dumped, is in parent layers, in files, zero, or missing. With
one: the bytes there, as hexdump -C prints them. Exit status 1 says that some can't be had.

  --pid N                  the process, as the container numbers it
  --address A              where to begin: 0x7f00 or 32512, a register (rip, sp+16) or a symbol (main,
                           libc.so.6!malloc+0x10)
  --tid N                  the thread whose registers are meant; the process's first when not given
  --length L               bytes; 256 when not given
  -o, --output FILE        write the bytes into FILE instead; those that can't be had are zero
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/memory.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).memory,
  },
  {
    name: "modules",
    summary: "the ELF files in the memory of each process, with their build ids",
    usage: `cryoscope modules CHECKPOINT [--pid N]… [--json] [--sysroot ROOT] [--key FILE]…

Programs, libraries and the vDSO, by address. The build id is read in memory (dumped pages, or the files of --sysroot
behind them), or is what CRIU noted of the file. "Code modified" says that the code differs from the file's, "was written
to" that it was dumped and the file isn't here to compare.

  --pid N                  only this process; may be repeated
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/modules.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).modules,
  },
  {
    name: "proc",
    summary: "a file of the frozen /proc",
    usage: `cryoscope proc CHECKPOINT [PATH] [--json] [--key FILE]…

PATH is what it was on the live system, such as /proc/1/maps; /proc itself when not given. Prints the file as cat does,
where a link leads, or the names in a folder. docs/frozen-proc.md tells what a checkpoint cannot hold.

  --json                   one document (docs/proc.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).proc,
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
    load: () => import("./restore.ts"),
  },
  {
    name: "search",
    summary: "where in the memory of all processes something is",
    usage: `cryoscope search CHECKPOINT… PATTERN [--regex | --hex | --int | --pointer | --utf16] [-i] [--count] [--json] …

Looks through everything that was dumped, in parent layers too, and in the files of --sysroot that are mapped. Pages that
follow each other in memory are searched as one, wherever they lie. Shared memory is searched once, and a match in it
tells every process that maps it.

  --regex                  PATTERN is a regular expression over bytes; ^ and $ are line ends
  --hex                    PATTERN is bytes in hex; a ? is any digit: 7f 45 4c 46 ?? 01
  --utf16                  PATTERN is text in little-endian UTF-16
  --int                    PATTERN is a number: 4 bytes, little-endian, aligned
    --width N              … of 1, 2, 4 or 8 bytes
    --big-endian           … big-endian
    --unaligned            … at any address
  --pointer                PATTERN is a range START-END; finds aligned words of 8 bytes that point into it
  -i, --ignore-case        upper and lower case are the same
${FILTER_OPTIONS}
  --count                  print the number of matches only
  --limit N                stop after N matches
  --context N              bytes shown around a match; 16 when not given
  --threads N              as many as there are processors, at most 4, when not given
  --time-limit N           seconds that 4 MiB may take; 10 when not given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/search.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).search,
  },
  {
    name: "seal",
    summary: "a sealed copy of a checkpoint, to be passed on",
    usage: `cryoscope seal CHECKPOINT --recipient RECIPIENT… -o OUT [--key FILE]…

RECIPIENT is one of age (age1…, "ssh-ed25519 …", "ssh-rsa …", or a file of such lines): OUT is then an archive that
\`age -d\` opens too. Or it is the file of an RSA certificate or public key (PEM): OUT is then a folder of images as
\`criu dump --encrypt\` writes them. A file that is sealed as a whole is opened with --key first.

  -r, --recipient WHO      for whom; of age there may be several
  --new-passphrase-file F  seal with age and the passphrase on the first line of F, instead of for a recipient
  -o, --output OUT         what to write; it must not be there yet
${KEY_OPTIONS}`,
    load: () => import("./seal.ts"),
  },
  {
    name: "secrets",
    summary: "keys, tokens and passwords in the memory of all processes",
    usage: `cryoscope secrets CHECKPOINT… [--reveal] [--confidence low | medium | high] [--json] …

Private keys, certificates, JSON Web Tokens, tokens of clouds and services, password hashes, passwords in URLs and in the
environment. Exit status 1 says that there are some.

  --reveal                 show the values, which are masked otherwise
  --confidence C           only what is at least so sure; low when not given
${FILTER_OPTIONS}
  --limit N                stop after N
  --threads N              as many as there are processors, at most 4, when not given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/secrets.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).secrets,
  },
  {
    name: "snapshots",
    summary: "the snapshots of a catalog's folder",
    usage: `cryoscope snapshots FOLDER [--verify] [--json]

FOLDER holds a catalog.json, as the editor keeps one for each workspace. Chains are drawn as chains.

  --verify                 hash the files again and compare
  --json                   one document (docs/snapshots.schema.json)`,
    load: () => import("./snapshots.ts"),
  },
  {
    name: "spans",
    summary: "what each byte of an image is, as JSON lines",
    usage: `cryoscope spans IMAGE [--key FILE]…

One line {"start":…,"end":…,"kind":…,"path":…} for every stretch of the file, from its first byte to its last, without
gap or overlap. Kinds: magic, size, tag, value, payload, padding, seal, unknown.

${KEY_OPTIONS}`,
    load: () => import("./spans.ts"),
  },
  {
    name: "stack",
    summary: "the calls each thread is in, with variables, as a debugger shows them",
    usage: `cryoscope stack CHECKPOINT [--pid N]… [--tid N]… [--locals] [--python] [--sysroot ROOT] [--json] [--key FILE]…

Names, lines and variables are read from the programs and their debug files, which --sysroot has; Python's calls (CPython
3.11 to 3.14) from memory alone. Frames that are guesses say so. docs/postmortem.md tells how they are found.

  --pid N                  only this process; may be repeated
  --tid N                  only this thread, as the container numbers it; may be repeated
  --locals                 arguments and local variables of each frame
  --python                 Python's calls only
  --sysroot ROOT           folder or archive with the programs, libraries and debug files
  --json                   one document (docs/stack.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).stack,
  },
  {
    name: "strings",
    summary: "the printable strings in the memory of all processes",
    usage: `cryoscope strings CHECKPOINT… [-n MIN] [-e ENCODING] [--addresses] [--count] [--json] …

What strings of binutils finds, in memory instead of a file: strings may span pages wherever those lie.

  -n, --min N              characters a string has at least; 4 when not given
  -e, --encoding E         ascii (s), utf8 (S) or utf16 (l); ascii when not given
  -a, --addresses          process and address before each
  --count                  print the number of strings only
${FILTER_OPTIONS}
  --threads N              as many as there are processors, at most 4, when not given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document a line (docs/strings.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).strings,
  },
  {
    name: "unseal",
    summary: "plain files of a sealed checkpoint",
    usage: `cryoscope unseal CHECKPOINT --key FILE… -o DIR

Everything else in Cryoscope reads sealed checkpoints where they lie; this writes their plaintext to disk. Records that
are not authentic are named and left out (exit status 1).

  -o, --output DIR         a folder to fill: a new one, or an empty one
${KEY_OPTIONS}`,
    load: () => import("./unseal.ts"),
  },
  {
    name: "yara",
    summary: "which YARA rules the memory of the processes matches, and where",
    usage: `cryoscope yara CHECKPOINT… --rules FILE… [--count] [--json] …

FILE is a file of YARA rules; the rules of each file are a namespace. Each mapping is a file of its own to the rules: in
parts where 1 MiB or more of it was never written, and of 8 MiB, which overlap by 64 KiB. Offsets, filesize, "at" and
the modules of YARA mean that part; memory that wasn't written counts as zero. Exit status 1 says that a rule matched.

  -r, --rules FILE         may be repeated; a folder is all *.yar and *.yara in it
${FILTER_OPTIONS}
  --count                  print the number of matched rules only
  --limit N                stop after N
  --context N              bytes shown around a match; 16 when not given
  --time-limit N           seconds that one part may take; 60 when not given
  --library PATH           the WebAssembly of YARA-X, or a folder that has it (docs/memory.md); CRYOSCOPE_YARA when not
                           given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/yara.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("./memory-commands.ts")).yara,
  },
];

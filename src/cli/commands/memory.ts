// What reads memory. They are loaded as one (memory-commands.ts), where each is named too.
import type { CommandRow } from "../command.ts";
import { FILTER_OPTIONS, KEY_OPTIONS } from "./options.ts";

export const MEMORY: readonly CommandRow[] = [
  {
    name: "core",
    summary: "a frozen process as an ELF core, for gdb and lldb",
    usage: `cryoscope core CHECKPOINT --pid N -o FILE [--sysroot FOLDER] [--json] [--key FILE]…

  --pid N                  the process, by its number in the checkpoint
  -o, --output FILE        the file to write; it appears whole or not at all, and has holes where memory is zero
  --sysroot FOLDER         a root folder or container image that has the files which were mapped and not dumped
  --json                   print what was written, and problems, as JSON
${KEY_OPTIONS}`,
    load: async () => (await import("../memory-commands.ts")).core,
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
    load: async () => (await import("../memory-commands.ts")).heap,
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
    load: async () => (await import("../memory-commands.ts")).history,
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
    load: async () => (await import("../memory-commands.ts")).memory,
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
    load: async () => (await import("../memory-commands.ts")).modules,
  },
  {
    name: "proc",
    summary: "a file of the frozen /proc",
    usage: `cryoscope proc CHECKPOINT [PATH] [--json] [--key FILE]…

PATH is what it was on the live system, such as /proc/1/maps; /proc itself when not given. Prints the file as cat does,
where a link leads, or the names in a folder. docs/frozen-proc.md tells what a checkpoint cannot hold.

  --json                   one document (docs/proc.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("../memory-commands.ts")).proc,
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
  --utf16                  PATTERN is text in UTF-16, little-endian
    --big-endian           … big-endian
  --int                    PATTERN is a number: 4 bytes, little-endian, aligned
    --width N              … of 1, 2, 4 or 8 bytes
    --big-endian           … big-endian
    --unaligned            … at any address
  --pointer                PATTERN is a range START-END; finds aligned words of 8 bytes that point into it
  -i, --ignore-case        upper and lower case are the same; in a --regex those of ASCII
${FILTER_OPTIONS}
  --count                  print the number of matches only
  --limit N                stop after N matches
  --context N              bytes shown around a match; 16 when not given
  --threads N              as many as there are processors, at most 4, when not given
  --time-limit N           seconds that 4 MiB may take; 10 when not given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/search.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("../memory-commands.ts")).search,
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
    load: async () => (await import("../memory-commands.ts")).secrets,
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
    load: async () => (await import("../memory-commands.ts")).stack,
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
    load: async () => (await import("../memory-commands.ts")).strings,
  },
  {
    name: "yara",
    summary: "which YARA rules the memory of the processes matches, and where",
    usage: `cryoscope yara CHECKPOINT… --rules FILE… [--count] [--json] …

FILE is a file of YARA rules; the rules of each file are a namespace. A rule is asked once of each process, over all its
mappings. One whose condition asks for places or bytes ("at", "in", "@a", "!a", filesize, uint32(0), modules) is asked of each
region alone instead, as of a file: a mapping, or a part of it where 1 MiB or more was never written, of 8 MiB at most
(--region); parts overlap by 64 KiB. Memory that wasn't written counts as zero. Exit status 1 says that a rule matched.

  -r, --rules FILE         may be repeated; a folder is all *.yar and *.yara in it
${FILTER_OPTIONS}
  --count                  print the number of matched rules only
  --limit N                stop after N
  --context N              bytes shown around a match; 16 when not given
  --time-limit N           seconds that one part may take; 60 when not given
  --region SIZE            the longest part, 1M to 1G: 8M when not given; it is in memory twice
  --each-region            ask every rule of each region alone
  --library PATH           the WebAssembly of YARA-X, or a folder that has it (docs/memory.md); CRYOSCOPE_YARA when not
                           given
  --sysroot ROOT           folder or archive with the files that were mapped and not dumped
  --json                   one document (docs/yara.schema.json)
${KEY_OPTIONS}`,
    load: async () => (await import("../memory-commands.ts")).yara,
  },
];

type Bits = readonly (readonly [mask: number, name: string])[];

/** Flags of open(2) as fcntl.h numbers them, masks that include others first (`include/uapi/asm-generic/fcntl.h`). */
const COMMON: Bits = [
  [0o100, "O_CREAT"],
  [0o200, "O_EXCL"],
  [0o400, "O_NOCTTY"],
  [0o1000, "O_TRUNC"],
  [0o2000, "O_APPEND"],
  [0o4000, "O_NONBLOCK"],
  [0o4010000, "O_SYNC"],
  [0o10000, "O_DSYNC"],
  [0o20000, "O_ASYNC"],
  [0o1000000, "O_NOATIME"],
  [0o2000000, "O_CLOEXEC"],
  [0o10000000, "O_PATH"],
];
const GENERIC: Bits = [
  [0o40000, "O_DIRECT"],
  [0o100000, "O_LARGEFILE"],
  // O_TMPFILE includes O_DIRECTORY.
  [0o20200000, "O_TMPFILE"],
  [0o200000, "O_DIRECTORY"],
  [0o400000, "O_NOFOLLOW"],
];
/** `arch/arm64/include/uapi/asm/fcntl.h` moves four of them. */
const ARM: Bits = [
  [0o200000, "O_DIRECT"],
  [0o400000, "O_LARGEFILE"],
  [0o20040000, "O_TMPFILE"],
  [0o40000, "O_DIRECTORY"],
  [0o100000, "O_NOFOLLOW"],
];
const ACCESS = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const;

/** Machine types (`core_entry.march`) that number open flags as ARM does. */
const ARM_MACHINES = new Set([2, 3]);

/** The names of a file's open flags; bits without a name follow in hex. `machine` is `core_entry.mtype`. */
export function openFlagNames(flags: number, machine: number | undefined): readonly string[] {
  const names: string[] = [ACCESS[flags & 3] ?? ""];
  let rest = (flags & ~3) >>> 0;
  for (const [mask, name] of [...(ARM_MACHINES.has(machine ?? 0) ? ARM : GENERIC), ...COMMON]) {
    if ((rest & mask) >>> 0 !== mask) continue;
    names.push(name);
    rest = (rest & ~mask) >>> 0;
  }
  return rest === 0 ? names : [...names, `0x${rest.toString(16)}`];
}

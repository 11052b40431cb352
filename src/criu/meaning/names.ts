// Names of the kernel's numbers that no enum of the schema holds.

// Signals of Linux on every machine CRIU knows but MIPS; 32 and 33 belong to the C library.
const SIGNALS = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU " +
  "URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

/** `SIGTERM`; `SIGRTMIN+2` for a real-time signal, counted as the C library does. */
export function signalName(number: number): string {
  const name = SIGNALS[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number === 34) return "SIGRTMIN";
  return number > 34 && number <= 64 ? `SIGRTMIN+${String(number - 34)}` : `signal ${String(number)}`;
}

/** The signals of a mask, bit n-1 for signal n; of many those that are missing. */
export function signalSet(value: bigint): string {
  const names: string[] = [];
  const missing: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const list = (value >> BigInt(bit)) & 1n ? names : missing;
    list.push(signalName(bit + 1));
  }
  return someOf(names, missing);
}

// include/uapi/linux/capability.h
const CAPABILITIES = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT " +
  "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL " +
  "SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split(" ");

/** `CAP_NET_RAW`; `capability 63` for a bit the kernel has no name for. */
export function capabilityName(bit: number): string {
  const name = CAPABILITIES[bit];
  return name === undefined ? `capability ${String(bit)}` : `CAP_${name}`;
}

/** The capabilities of a set, of which `value` holds the bits from `first` on. */
export function capabilitySet(value: bigint, first = 0, count = CAPABILITIES.length - first): string {
  const names: string[] = [];
  const missing: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const has = (value >> BigInt(bit)) & 1n;
    const name = CAPABILITIES[first + bit];
    if (has) names.push(capabilityName(first + bit));
    else if (name && bit < count) missing.push(`CAP_${name}`);
  }
  return someOf(names, missing);
}

function someOf(names: readonly string[], missing: readonly string[]): string {
  if (names.length === 0) return "none";
  if (missing.length === 0) return "all";
  return missing.length * 3 < names.length ? `all but ${missing.join(" ")}` : names.join(" ");
}

// include/uapi/asm-generic/errno-base.h and errno.h; 41 and 58 don't exist.
const ERRORS = (
  "PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN NOMEM ACCES FAULT NOTBLK BUSY EXIST XDEV NODEV NOTDIR " +
  "ISDIR INVAL NFILE MFILE NOTTY TXTBSY FBIG NOSPC SPIPE ROFS MLINK PIPE DOM RANGE DEADLK NAMETOOLONG NOLCK NOSYS " +
  "NOTEMPTY LOOP - NOMSG IDRM CHRNG L2NSYNC L3HLT L3RST LNRNG UNATCH NOCSI L2HLT BADE BADR XFULL NOANO BADRQC BADSLT " +
  "- BFONT NOSTR NODATA TIME NOSR NONET NOPKG REMOTE NOLINK ADV SRMNT COMM PROTO MULTIHOP DOTDOT BADMSG OVERFLOW " +
  "NOTUNIQ BADFD REMCHG LIBACC LIBBAD LIBSCN LIBMAX LIBEXEC ILSEQ RESTART STRPIPE USERS NOTSOCK DESTADDRREQ MSGSIZE " +
  "PROTOTYPE NOPROTOOPT PROTONOSUPPORT SOCKTNOSUPPORT OPNOTSUPP PFNOSUPPORT AFNOSUPPORT ADDRINUSE ADDRNOTAVAIL " +
  "NETDOWN NETUNREACH NETRESET CONNABORTED CONNRESET NOBUFS ISCONN NOTCONN SHUTDOWN TOOMANYREFS TIMEDOUT " +
  "CONNREFUSED HOSTDOWN HOSTUNREACH ALREADY INPROGRESS STALE UCLEAN NOTNAM NAVAIL ISNAM REMOTEIO DQUOT NOMEDIUM " +
  "MEDIUMTYPE CANCELED NOKEY KEYEXPIRED KEYREVOKED KEYREJECTED OWNERDEAD NOTRECOVERABLE RFKILL HWPOISON"
).split(" ");

// include/linux/errno.h: what a register holds while a system call waits to be run again.
const RESTARTS: Readonly<Record<number, string>> = {
  512: "ERESTARTSYS",
  513: "ERESTARTNOINTR",
  514: "ERESTARTNOHAND",
  516: "ERESTART_RESTARTBLOCK",
};

/** `EINTR`; undefined for a number that is no error. */
export function errorName(number: number): string | undefined {
  const name = ERRORS[number - 1];
  return name === undefined || name === "-" ? RESTARTS[number] : `E${name}`;
}

// include/uapi/asm-generic/resource.h
const LIMITS =
  "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME".split(
    " ",
  );

/** `RLIMIT_NOFILE`; undefined for a number the kernel doesn't have. */
export function limitName(number: number): string | undefined {
  const name = LIMITS[number];
  return name && `RLIMIT_${name}`;
}

// include/uapi/linux/auxvec.h, arch/x86/include/uapi/asm/auxvec.h
const AUXILIARY: Readonly<Record<number, string>> = {
  0: "AT_NULL",
  1: "AT_IGNORE",
  2: "AT_EXECFD",
  3: "AT_PHDR",
  4: "AT_PHENT",
  5: "AT_PHNUM",
  6: "AT_PAGESZ",
  7: "AT_BASE",
  8: "AT_FLAGS",
  9: "AT_ENTRY",
  10: "AT_NOTELF",
  11: "AT_UID",
  12: "AT_EUID",
  13: "AT_GID",
  14: "AT_EGID",
  15: "AT_PLATFORM",
  16: "AT_HWCAP",
  17: "AT_CLKTCK",
  23: "AT_SECURE",
  24: "AT_BASE_PLATFORM",
  25: "AT_RANDOM",
  26: "AT_HWCAP2",
  27: "AT_RSEQ_FEATURE_SIZE",
  28: "AT_RSEQ_ALIGN",
  31: "AT_EXECFN",
  32: "AT_SYSINFO",
  33: "AT_SYSINFO_EHDR",
  51: "AT_MINSIGSTKSZ",
};

/** Types of the auxiliary vector whose value is a count, not an address. */
const COUNTED = /^AT_(IGNORE|EXECFD|PHENT|PHNUM|PAGESZ|UID|EUID|GID|EGID|CLKTCK|SECURE|MINSIGSTKSZ|RSEQ_.*)$/;

/** `AT_PHDR`, or the number. */
export function auxiliaryName(type: bigint): string {
  return AUXILIARY[Number(type)] ?? `AT_${String(type)}`;
}

export function isCounted(auxiliary: string): boolean {
  return COUNTED.test(auxiliary);
}

// EM_ numbers with the bits for 64-bit (high) and little endian (low): include/uapi/linux/audit.h
const MACHINES: Readonly<Record<number, string>> = {
  0x40000003: "I386",
  0xc000003e: "X86_64",
  0x40000028: "ARM",
  0xc00000b7: "AARCH64",
  0x80000015: "PPC64",
  0xc0000015: "PPC64LE",
  0x80000016: "S390X",
  0x40000008: "MIPSEL",
  0xc0000008: "MIPSEL64",
  0xc00000f3: "RISCV64",
  0xc0000102: "LOONGARCH64",
};

/** The machine of an AUDIT_ARCH_ number, without that prefix. */
export function auditMachine(number: number): string | undefined {
  return MACHINES[number];
}

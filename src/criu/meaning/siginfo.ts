import { auditMachine, signalName } from "./names.ts";
import type { Part } from "./part.ts";
import { syscallName } from "./syscalls.ts";

type Kind = "i32" | "u32" | "u64" | "i64" | "u16" | "hex32" | "hex64";
type Row = readonly [name: string, offset: number, kind: Kind, doc: string];

const SENDER: readonly Row[] = [
  ["si_pid", 16, "i32", "Process id of the sender."],
  ["si_uid", 20, "u32", "Real user id of the sender."],
];
const VALUE: Row = ["si_value", 24, "hex64", "What the sender sent along: a number or an address."];

/** Members by layout, for 64-bit machines: include/uapi/asm-generic/siginfo.h. */
const LAYOUTS = {
  kill: SENDER,
  queue: [...SENDER, VALUE],
  timer: [
    ["si_timerid", 16, "i32", "Id of the timer in the kernel."],
    ["si_overrun", 20, "i32", "Expirations that were missed."],
    VALUE,
  ],
  child: [
    ["si_pid", 16, "i32", "Process id of the child."],
    ["si_uid", 20, "u32", "Real user id of the child."],
    ["si_status", 24, "i32", "Exit status, or the signal that changed the child's state."],
    ["si_utime", 32, "i64", "User time of the child, in clock ticks."],
    ["si_stime", 40, "i64", "System time of the child, in clock ticks."],
  ],
  fault: [["si_addr", 16, "hex64", "Address at fault."]],
  bounds: [
    ["si_addr", 16, "hex64", "Address at fault."],
    ["si_lower", 32, "hex64", "Lower bound."],
    ["si_upper", 40, "hex64", "Upper bound."],
  ],
  key: [
    ["si_addr", 16, "hex64", "Address at fault."],
    ["si_pkey", 32, "u32", "Protection key."],
  ],
  memory: [
    ["si_addr", 16, "hex64", "Address at fault."],
    ["si_addr_lsb", 24, "u16", "Least significant bit of the address that is known."],
  ],
  poll: [
    ["si_band", 16, "i64", "Events, as poll(2) gives them."],
    ["si_fd", 24, "i32", "File descriptor."],
  ],
  syscall: [
    ["si_call_addr", 16, "hex64", "Address of the calling instruction."],
    ["si_syscall", 24, "i32", "Number of the system call."],
    ["si_arch", 28, "u32", "AUDIT_ARCH_ of the system call."],
  ],
} as const satisfies Record<string, readonly Row[]>;

/** Where the members are on 32-bit machines, whose pointers and `clock_t` are half as wide. */
const NARROW: Readonly<Record<string, readonly [offset: number, kind: Kind]>> = {
  ...{ si_pid: [12, "i32"], si_uid: [16, "u32"], si_value: [20, "hex32"] },
  ...{ si_timerid: [12, "i32"], si_overrun: [16, "i32"] },
  ...{ si_status: [20, "i32"], si_utime: [24, "i32"], si_stime: [28, "i32"] },
  ...{ si_addr: [12, "hex32"], si_lower: [20, "hex32"], si_upper: [24, "hex32"], si_pkey: [20, "u32"] },
  ...{ si_addr_lsb: [16, "u16"], si_band: [12, "i32"], si_fd: [16, "i32"] },
  ...{ si_call_addr: [12, "hex32"], si_syscall: [16, "i32"], si_arch: [20, "u32"] },
};

const HEAD: readonly Row[] = [
  ["si_signo", 0, "i32", "Signal."],
  ["si_errno", 4, "i32", "Error number; mostly unused."],
  ["si_code", 8, "i32", "Where the signal came from."],
];

/** Codes below 1 are the sender's and mean the same for every signal. */
const SENT: Readonly<Record<number, readonly [name: string, layout: keyof typeof LAYOUTS]>> = {
  0: ["SI_USER", "kill"],
  128: ["SI_KERNEL", "kill"],
  [-1]: ["SI_QUEUE", "queue"],
  [-2]: ["SI_TIMER", "timer"],
  [-3]: ["SI_MESGQ", "queue"],
  [-4]: ["SI_ASYNCIO", "queue"],
  [-5]: ["SI_SIGIO", "poll"],
  [-6]: ["SI_TKILL", "kill"],
};

/** Codes from 1 on, which the kernel gives, by signal. */
const RAISED: Readonly<Record<string, { readonly names: string; readonly layout: keyof typeof LAYOUTS }>> = {
  SIGILL: {
    names: "ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC ILL_BADSTK",
    layout: "fault",
  },
  SIGFPE: {
    names: "FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV FPE_FLTSUB",
    layout: "fault",
  },
  SIGSEGV: { names: "SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR", layout: "fault" },
  SIGBUS: { names: "BUS_ADRALN BUS_ADRERR BUS_OBJERR BUS_MCEERR_AR BUS_MCEERR_AO", layout: "fault" },
  SIGTRAP: { names: "TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT TRAP_UNK TRAP_PERF", layout: "fault" },
  SIGCHLD: {
    names: "CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED",
    layout: "child",
  },
  SIGIO: { names: "POLL_IN POLL_OUT POLL_MSG POLL_ERR POLL_PRI POLL_HUP", layout: "poll" },
  SIGSYS: { names: "SYS_SECCOMP SYS_USER_DISPATCH", layout: "syscall" },
};

/** Codes that bring more than others of their signal. */
const SPECIAL: Readonly<Record<string, keyof typeof LAYOUTS>> = {
  SEGV_BNDERR: "bounds",
  SEGV_PKUERR: "key",
  BUS_MCEERR_AR: "memory",
  BUS_MCEERR_AO: "memory",
};

interface Origin {
  readonly name: string;
  readonly layout: keyof typeof LAYOUTS | undefined;
}

function originOf(signal: string, code: number): Origin {
  const sent = SENT[code];
  if (sent) return { name: sent[0], layout: sent[1] };
  const raised = code > 0 ? RAISED[signal] : undefined;
  const name = raised?.names.split(" ")[code - 1];
  return {
    name: name ?? String(code),
    layout: (name === undefined ? undefined : SPECIAL[name]) ?? raised?.layout,
  };
}

/**
 * The members of a siginfo_t of a machine with words of 8 or 4 bytes; those that its signal and code don't use are left
 * out. Empty for fewer than 16 bytes.
 */
export function siginfoParts(bytes: Uint8Array, word: 4 | 8 = 8): readonly Part[] {
  const info = readHead(bytes);
  if (!info) return [];
  const wide: readonly Row[] = info.origin.layout ? LAYOUTS[info.origin.layout] : [];
  const rows = wide.map(([name, offset, kind, doc]): Row => {
    const [at, narrow] = (word === 4 ? NARROW[name] : undefined) ?? [offset, kind];
    return [name, at, narrow, doc];
  });
  return [...HEAD, ...rows]
    .filter(([, offset, kind]) => offset + width(kind) <= bytes.length)
    .map(([name, offset, kind, doc]) => ({
      name,
      value: wordOf(name, read(bytes, offset, kind), info),
      start: offset,
      end: offset + width(kind),
      doc,
    }));
}

/** The signal of a siginfo_t, whichever way its machine orders bytes; 0 for fewer than 16 bytes. */
export const siginfoSignal = (bytes: Uint8Array): number =>
  bytes.length < 16 ? 0 : Number(read(bytes, 0, "i32"));

/** `SIGTERM, SI_USER, si_pid 17, si_uid 0`. */
export function siginfoText(bytes: Uint8Array, word: 4 | 8 = 8): string | undefined {
  const info = readHead(bytes);
  if (!info) return undefined;
  const rest = siginfoParts(bytes, word).slice(HEAD.length);
  return [info.signal, info.origin.name, ...rest.map(({ name, value }) => `${name} ${value}`)].join(", ");
}

interface Head {
  readonly signal: string;
  readonly origin: Origin;
  readonly bytes: Uint8Array;
}

function readHead(bytes: Uint8Array): Head | undefined {
  if (bytes.length < 16) return undefined;
  const signal = signalName(siginfoSignal(bytes));
  return { signal, origin: originOf(signal, Number(read(bytes, 8, "i32"))), bytes };
}

function wordOf(name: string, value: bigint | string, { signal, origin, bytes }: Head): string {
  const number = Number(value);
  switch (name) {
    case "si_signo":
      return `${signal} (${String(value)})`;
    case "si_code":
      return origin.name === String(value) ? origin.name : `${origin.name} (${String(value)})`;
    case "si_status":
      return origin.name === "CLD_EXITED" ? String(value) : `${signalName(number)} (${String(value)})`;
    case "si_arch":
      return auditMachine(number) ?? `0x${number.toString(16)}`;
    case "si_syscall": {
      const machine = bytes.length >= 32 ? auditMachine(Number(read(bytes, 28, "u32"))) : undefined;
      const known = machine === "X86_64" || machine === "AARCH64" ? syscallName(machine, number) : undefined;
      return known ? `${known} (${String(value)})` : String(value);
    }
    default:
      return String(value);
  }
}

function width(kind: Kind): number {
  return kind === "u16" ? 2 : ["i32", "u32", "hex32"].includes(kind) ? 4 : 8;
}

/** The image's machine orders bytes; the signal, 1 to 128, says how: the other way round it is 2^24 or more. */
function isLittle(view: DataView): boolean {
  const signal = view.getUint32(0, false);
  return signal < 1 || signal > 128;
}

function read(bytes: Uint8Array, offset: number, kind: Kind): bigint | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = isLittle(view);
  switch (kind) {
    case "u16":
      return BigInt(view.getUint16(offset, little));
    case "i32":
      return BigInt(view.getInt32(offset, little));
    case "u32":
      return BigInt(view.getUint32(offset, little));
    case "i64":
      return view.getBigInt64(offset, little);
    case "u64":
      return view.getBigUint64(offset, little);
    case "hex32":
      return `0x${view.getUint32(offset, little).toString(16)}`;
    case "hex64":
      return `0x${view.getBigUint64(offset, little).toString(16)}`;
  }
}

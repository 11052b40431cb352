import type { MessageMap } from "../../criu/index.ts";

/** The registers of a thread, by the names of its machine in the order of its image. */
export interface Registers {
  /** `X86_64`, `AARCH64` … */
  readonly architecture: string;
  readonly programCounter: bigint;
  readonly stackPointer: bigint;
  readonly general: Readonly<Record<string, bigint>>;
  /** Floating point and vector state: `st_space`, `vregs` … each one word or more. */
  readonly floating: Readonly<Record<string, readonly bigint[]>>;
  /** Base of thread-local storage, where the machine has it in a register of its own. */
  readonly tls: bigint | undefined;
  /** Where the kernel writes 0 when the thread ends (set_tid_address). */
  readonly clearTidAddress: bigint;
  /** A 32-bit program on an x86-64 kernel. */
  readonly compat: boolean;
}

type Core = MessageMap["core_entry"];

/** What of a machine's `thread_info_*` is which. */
interface Machine {
  readonly info: keyof Core & (`ti_${string}` | "thread_info");
  readonly floating: readonly string[];
  /** Names for the elements of a repeated register field: `x0` … */
  readonly prefix?: Readonly<Record<string, string>>;
  readonly pc: string;
  readonly sp: string;
  /** Register that holds it, where it is no field of its own. */
  readonly tls?: string;
}

/** Every machine CRIU knows, by `core_entry.march`. A new one is a row. */
const MACHINES: Readonly<Record<string, Machine>> = {
  X86_64: { info: "thread_info", floating: ["fpregs"], pc: "ip", sp: "sp", tls: "fs_base" },
  ARM: { info: "ti_arm", floating: ["fpstate"], pc: "pc", sp: "sp" },
  AARCH64: { info: "ti_aarch64", floating: ["fpsimd"], prefix: { regs: "x" }, pc: "pc", sp: "sp" },
  PPC64: {
    info: "ti_ppc64",
    floating: ["fpstate", "vrstate", "vsxstate"],
    prefix: { gpr: "r" },
    ...{ pc: "nip", sp: "r1", tls: "r13" },
  },
  S390: {
    info: "ti_s390",
    floating: ["fpregs", "vxrs_low", "vxrs_high"],
    prefix: { gprs: "r", acrs: "a" },
    ...{ pc: "psw_addr", sp: "r15" },
  },
  MIPS: { info: "ti_mips", floating: ["fpregs"], pc: "cp0_epc", sp: "r29" },
  LOONGARCH64: { info: "ti_loongarch64", floating: ["fpregs"], prefix: { regs: "r" }, pc: "pc", sp: "r3" },
  RISCV64: { info: "ti_riscv64", floating: ["fpsimd"], pc: "pc", sp: "sp", tls: "tp" },
};

/** The registers in a core image (`images/core-*.proto`); undefined where it has none: a zombie's. */
export function registersOf(core: Core, architecture: string): Registers | undefined {
  const machine = MACHINES[architecture];
  const info = machine && valuesOf(core[machine.info]);
  if (machine === undefined || info === undefined) return undefined;
  const general = generalRegisters(valuesOf(info["gpregs"]) ?? {}, machine.prefix ?? {});
  const tls = machine.tls === undefined ? info["tls"] : general[machine.tls];
  return {
    architecture,
    programCounter: general[machine.pc] ?? 0n,
    stackPointer: general[machine.sp] ?? 0n,
    general,
    floating: floatingRegisters(machine.floating.map((name) => valuesOf(info[name]) ?? {})),
    tls: isNumber(tls) ? wordOf(tls) : undefined,
    clearTidAddress: BigInt(wordOf(info["clear_tid_addr"])),
    compat: core.thread_info?.gpregs.mode === COMPAT,
  };
}

/** `user_x86_regs_mode.COMPAT`. */
const COMPAT = 2;

function generalRegisters(
  values: Readonly<Record<string, unknown>>,
  prefixes: Readonly<Record<string, string>>,
): Readonly<Record<string, bigint>> {
  const registers: Record<string, bigint> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name === "mode") continue;
    if (isNumber(value)) registers[name] = wordOf(value);
    else if (Array.isArray(value))
      value.forEach((word, index) => {
        registers[`${prefixes[name] ?? name}${index}`] = wordOf(word);
      });
  }
  return registers;
}

function floatingRegisters(
  groups: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, readonly bigint[]>> {
  const registers: Record<string, readonly bigint[]> = {};
  for (const waiting = [...groups]; waiting.length > 0;) {
    for (const [name, value] of Object.entries(waiting.shift() ?? {})) {
      if (isNumber(value)) registers[name] = [wordOf(value)];
      else if (Array.isArray(value)) registers[name] = value.map(wordOf);
      // XSAVE areas and shadow stacks lie one message deeper.
      else waiting.push(valuesOf(value) ?? {});
    }
  }
  return registers;
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";
const wordOf = (value: unknown): bigint => (isNumber(value) ? BigInt.asUintN(64, BigInt(value)) : 0n);

/** The fields of a decoded message, whatever machine it is of. */
const valuesOf = (message: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof message === "object" && message !== null && !(message instanceof Uint8Array)
    ? Object.fromEntries(Object.entries(message))
    : undefined;

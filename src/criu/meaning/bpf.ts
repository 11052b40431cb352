import { auditMachine, errorName } from "./names.ts";
import type { Part } from "./part.ts";
import { syscallName } from "./syscalls.ts";

/** Bytes of a struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
const SIZE = 8;
/** BPF_MAXINSNS: the kernel takes no longer program. */
const MAX_INSTRUCTIONS = 4096;

export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

type Operand = (k: number) => string;
const bare: Operand = () => "";
const byX: Operand = () => "x";
const decimal: Operand = (k) => `#${String(k | 0)}`;
const unsigned: Operand = (k) => `#${String(k)}`;
const hexadecimal: Operand = (k) => `#0x${k.toString(16)}`;
const absolute: Operand = (k) => `[${String(k | 0)}]`;
const indexed: Operand = (k) => `[x + ${String(k | 0)}]`;
const cell: Operand = (k) => `M[${String(k | 0)}]`;

/** Mnemonic and operand by code, in the words of tcpdump -d. include/uapi/linux/bpf_common.h has the codes. */
const OPERATIONS: Readonly<Record<number, readonly [name: string, operand: Operand]>> = {
  0x00: ["ld", hexadecimal],
  0x01: ["ldx", hexadecimal],
  0x02: ["st", cell],
  0x03: ["stx", cell],
  0x06: ["ret", unsigned],
  0x07: ["tax", bare],
  0x16: ["ret", bare],
  0x20: ["ld", absolute],
  0x28: ["ldh", absolute],
  0x30: ["ldb", absolute],
  0x40: ["ld", indexed],
  0x48: ["ldh", indexed],
  0x50: ["ldb", indexed],
  0x60: ["ld", cell],
  0x61: ["ldx", cell],
  0x80: ["ld", () => "#pktlen"],
  0x81: ["ldx", () => "#pktlen"],
  0x87: ["txa", bare],
  0xb1: ["ldxb", (k) => `4*([${String(k)}]&0xf)`],
  0x04: ["add", decimal],
  0x0c: ["add", byX],
  0x14: ["sub", decimal],
  0x1c: ["sub", byX],
  0x24: ["mul", decimal],
  0x2c: ["mul", byX],
  0x34: ["div", decimal],
  0x3c: ["div", byX],
  0x44: ["or", hexadecimal],
  0x4c: ["or", byX],
  0x54: ["and", hexadecimal],
  0x5c: ["and", byX],
  0x64: ["lsh", decimal],
  0x6c: ["lsh", byX],
  0x74: ["rsh", decimal],
  0x7c: ["rsh", byX],
  0x84: ["neg", bare],
  0x94: ["mod", decimal],
  0x9c: ["mod", byX],
  0xa4: ["xor", hexadecimal],
  0xac: ["xor", byX],
  0x15: ["jeq", hexadecimal],
  0x1d: ["jeq", byX],
  0x25: ["jgt", hexadecimal],
  0x2d: ["jgt", byX],
  0x35: ["jge", hexadecimal],
  0x3d: ["jge", byX],
  0x45: ["jset", hexadecimal],
  0x4d: ["jset", byX],
};
const JUMP = 0x05;
const JUMP_CLASS = 0x05;
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;

/** The instructions of a program; what is left of an unfinished last one is dropped. */
export function readProgram(bytes: Uint8Array): readonly Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.min(MAX_INSTRUCTIONS, Math.floor(bytes.length / SIZE));
  return Array.from({ length: count }, (_, index) => ({
    code: view.getUint16(index * SIZE, true),
    jt: view.getUint8(index * SIZE + 2),
    jf: view.getUint8(index * SIZE + 3),
    k: view.getUint32(index * SIZE + 4, true),
  }));
}

/** An instruction in the words of `tcpdump -d`: `jeq #0x800 jt 2 jf 5`. `at` is its place: jumps are told by their target. */
export function instructionText({ code, jt, jf, k }: Instruction, at: number): string {
  if (code === JUMP) return `ja ${String(at + 1 + k)}`;
  const [name, operand] = OPERATIONS[code] ?? [`unimp 0x${code.toString(16)}`, hexadecimal];
  const text = `${name} ${operand(k)}`.trimEnd();
  const jumps = (code & 7) === JUMP_CLASS && OPERATIONS[code] !== undefined;
  return jumps ? `${text} jt ${String(at + 1 + jt)} jf ${String(at + 1 + jf)}` : text;
}

/** What is known before an instruction of a seccomp filter: the word in the accumulator, and the machine. */
interface Known {
  readonly loaded: string | undefined;
  readonly machine: string | undefined;
}

const NOTHING: Known = { loaded: undefined, machine: undefined };

interface Step {
  readonly text: string;
  readonly note: string | undefined;
  /** The note names a system call. */
  readonly isCall: boolean;
}

/** Follows the jumps, which only lead forward, to know what the accumulator holds at each instruction. */
function walk(program: readonly Instruction[]): readonly Step[] {
  const known: (Known | undefined)[] = [NOTHING];
  const flow = (to: number, state: Known): void => {
    if (to >= program.length) return;
    const there = known[to];
    known[to] = there
      ? {
          loaded: there.loaded === state.loaded ? state.loaded : undefined,
          machine: there.machine === state.machine ? state.machine : undefined,
        }
      : state;
  };
  return program.map((instruction, at) => {
    const before = known[at] ?? NOTHING;
    for (const [to, state] of exits(instruction, at, before)) flow(to, state);
    const isCall = isCompare(instruction) && before.loaded === "nr";
    return { text: instructionText(instruction, at), note: noteOf(instruction, before), isCall };
  });
}

/**
 * The instructions of a filter as rows, each with what it means to seccomp: which word is loaded, which system call is
 * compared, what is returned.
 */
export function seccompParts(bytes: Uint8Array): readonly Part[] {
  return walk(readProgram(bytes)).map(({ text, note }, at) => ({
    name: String(at),
    value: note ? `${text}  ; ${note}` : text,
    start: at * SIZE,
    end: (at + 1) * SIZE,
    doc: "An instruction of classic BPF. Jumps are told by the number of the instruction they lead to.",
  }));
}

function exits(
  { code, jt, jf, k }: Instruction,
  at: number,
  before: Known,
): readonly (readonly [to: number, state: Known])[] {
  if ((code & 7) === RETURN) return [];
  if (code === JUMP) return [[at + 1 + k, before]];
  if ((code & 7) === JUMP_CLASS) {
    const isMachine = code === JUMP_EQUAL && before.loaded === "arch";
    const hit = isMachine ? { ...before, machine: auditMachine(k) } : before;
    return [
      [at + 1 + jt, hit],
      [at + 1 + jf, before],
    ];
  }
  // Stores leave the accumulator, everything else that is no jump changes it or the index register.
  const stores = (code & 7) === 2 || (code & 7) === 3 || (code & 7) === 1;
  const loaded = code === LOAD_WORD ? dataWord(k) : stores ? before.loaded : undefined;
  return [[at + 1, { ...before, loaded }]];
}

function noteOf(instruction: Instruction, { loaded, machine }: Known): string | undefined {
  const { code, k } = instruction;
  if (code === LOAD_WORD) return dataWord(k);
  if (code === RETURN) return seccompAction(k);
  if (!isCompare(instruction)) return undefined;
  if (loaded === "arch") return auditMachine(k);
  if (loaded !== "nr" || (machine !== "X86_64" && machine !== "AARCH64")) return undefined;
  return syscallName(machine, k);
}

/** A jump that compares with a constant. */
function isCompare({ code }: Instruction): boolean {
  return (code & 7) === JUMP_CLASS && (code & 8) === 0 && code !== JUMP;
}

/** The member of struct seccomp_data at an offset: include/uapi/linux/seccomp.h. */
function dataWord(offset: number): string | undefined {
  if (offset === 0) return "nr";
  if (offset === 4) return "arch";
  const half = (offset & 7) === 0 ? "low" : (offset & 7) === 4 ? "high" : undefined;
  if (half === undefined) return undefined;
  if (offset < 16) return `instruction_pointer, ${half}`;
  return offset < 64 ? `args[${String((offset - 16) >> 3)}], ${half}` : undefined;
}

const ACTIONS: Readonly<Record<number, string>> = {
  0x80000000: "KILL_PROCESS",
  0x00000000: "KILL_THREAD",
  0x00030000: "TRAP",
  0x00050000: "ERRNO",
  0x7fc00000: "USER_NOTIF",
  0x7ff00000: "TRACE",
  0x7ffc0000: "LOG",
  0x7fff0000: "ALLOW",
};

/** What a filter returns, by name: `ALLOW`, `ERRNO EPERM`. */
export function seccompAction(value: number): string {
  const name = ACTIONS[(value & 0xffff0000) >>> 0];
  const data = value & 0xffff;
  if (name === undefined) return `unknown action 0x${value.toString(16)}`;
  if (name === "ERRNO") return `ERRNO ${errorName(data) ?? String(data)}`;
  return data === 0 ? name : `${name} ${String(data)}`;
}

const SHOWN_CALLS = 8;

/** A filter on one line: its length, the system calls it compares, what it can do. */
export function seccompText(bytes: Uint8Array): string {
  const program = readProgram(bytes);
  const calls = [...new Set(walk(program).flatMap(({ note, isCall }) => (isCall && note ? [note] : [])))];
  const actions = new Set(program.filter(({ code }) => code === RETURN).map(({ k }) => seccompAction(k)));
  const shown = calls.length > SHOWN_CALLS ? [...calls.slice(0, SHOWN_CALLS), "…"] : calls;
  return [
    `${String(program.length)} ${program.length === 1 ? "instruction" : "instructions"}`,
    ...(shown.length > 0 ? [`compares ${shown.join(", ")}`] : []),
    ...(actions.size > 0 ? [[...actions].join(" / ")] : []),
  ].join("; ");
}

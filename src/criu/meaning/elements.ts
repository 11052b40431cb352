import type { FieldNode, MessageNode } from "../model.ts";
import { auxiliaryName, isCounted, limitName, signalName } from "./names.ts";

type NameElement = (index: number, siblings: readonly FieldNode[]) => string | undefined;

const numbered =
  (prefix: string): NameElement =>
  (index) =>
    `${prefix}${String(index)}`;

/** Registers that take `words` elements each: `xmm3`, then `xmm3+4` for its second word. */
const wide =
  (prefix: string, words: number, bytes: number): NameElement =>
  (index) => {
    const rest = (index % words) * bytes;
    return `${prefix}${String(Math.floor(index / words))}${rest === 0 ? "" : `+${String(rest)}`}`;
  };

const listed =
  (names: string): NameElement =>
  (index) =>
    names.split(" ")[index];

// include/uapi/asm-generic/termbits.h
const CONTROL_CHARACTERS =
  "VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD VWERASE VLNEXT VEOL2".split(
    " ",
  );

/**
 * What the elements of a repeated field are, where their place tells it: `message.field` → name of the nth element.
 * A new one is a row here.
 */
const ELEMENTS: Readonly<Record<string, NameElement>> = {
  "task_rlimits_entry.rlimits": limitName,
  // criu/cr-dump.c leaves out SIGKILL (9) and SIGSTOP (19), whose actions can't be set.
  "task_core_entry.sigactions": (index) =>
    signalName(index + 1 + (index >= 8 ? 1 : 0) + (index >= 17 ? 1 : 0)),
  "mm_entry.mm_saved_auxv": (index, siblings) => {
    const type = siblings[index - 1]?.value;
    return index % 2 === 1 && typeof type === "bigint" ? `of ${auxiliaryName(type)}` : undefined;
  },
  "termios_entry.c_cc": (index) => CONTROL_CHARACTERS.slice(index * 4, index * 4 + 4).join(" ") || undefined,
  "ipc_var_entry.sem_ctls": listed("SEMMSL SEMMNS SEMOPM SEMMNI"),
  "user_aarch64_regs_entry.regs": numbered("x"),
  "user_aarch64_fpsimd_context_entry.vregs": wide("v", 2, 8),
  "user_arm_vfpstate_entry.vfp_regs": numbered("d"),
  "user_loongarch64_gpregs_entry.regs": numbered("r"),
  "user_loongarch64_fpregs_entry.regs": numbered("f"),
  "user_ppc64_regs_entry.gpr": numbered("r"),
  "user_ppc64_fpstate_entry.fpregs": numbered("f"),
  "user_ppc64_vrstate_entry.vrregs": wide("v", 2, 8),
  "user_ppc64_vsxstate_entry.vsxregs": numbered("vs"),
  "user_riscv64_d_ext_entry.f": numbered("f"),
  "user_s390_regs_entry.gprs": numbered("r"),
  "user_s390_regs_entry.acrs": numbered("a"),
  "user_s390_fpregs_entry.fprs": numbered("f"),
  "user_x86_fpregs_entry.st_space": wide("st", 4, 4),
  "user_x86_fpregs_entry.xmm_space": wide("xmm", 4, 4),
  "user_x86_xsave_entry.ymmh_space": wide("ymmh", 4, 4),
  "user_x86_xsave_entry.opmask_reg": numbered("k"),
  "user_x86_xsave_entry.zmm_upper": wide("zmm_upper", 4, 8),
  "user_x86_xsave_entry.hi16_zmm": (index) => wide("zmm", 8, 8)(index + 16 * 8, []),
};

/** The name of an element of a repeated field: `RLIMIT_NOFILE`; undefined where its place doesn't tell it. */
export function elementName({ name, index }: FieldNode, parent: MessageNode | undefined): string | undefined {
  if (index === undefined || !parent?.schema) return undefined;
  const nameOf = ELEMENTS[`${parent.schema.name}.${name}`];
  return nameOf?.(index, nameOf.length > 1 ? parent.fields.filter((field) => field.name === name) : []);
}

/** The types of an auxiliary vector with their values: `AT_PAGESZ 4096`. */
export function auxiliaryVector(fields: readonly FieldNode[]): readonly string[] {
  const pairs: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [type, value] = [fields[at]?.value, fields[at + 1]?.value];
    if (typeof type !== "bigint" || typeof value !== "bigint") break;
    const name = auxiliaryName(type);
    if (name === "AT_NULL") break;
    pairs.push(`${name} ${isCounted(name) ? String(value) : `0x${value.toString(16)}`}`);
  }
  return pairs;
}

/** An element of the auxiliary vector: the name of a type, the value behind one. */
export function auxiliaryElement(value: bigint, index: number, type: string | undefined): string {
  if (index % 2 === 0) return `${auxiliaryName(value)} (${String(value)})`;
  return type !== undefined && isCounted(type.replace("of ", "")) ? String(value) : `0x${value.toString(16)}`;
}

/**
 * The control characters of a terminal with their values: `VINTR ^C`. criu/tty.c copies the bytes of the C array over the
 * numbers, so each of the first numbers has four characters and the rest none.
 */
export function controlCharacters(fields: readonly FieldNode[]): readonly string[] {
  return CONTROL_CHARACTERS.flatMap((name, at) => {
    const word = fields[at >> 2]?.value;
    return typeof word === "number" ? [`${name} ${characterText((word >>> ((at & 3) * 8)) & 0xff)}`] : [];
  });
}

/** The four characters of a number of `c_cc`; undefined for those that have none. */
export function fourCharacters(word: number, index: number): string | undefined {
  const count = Math.min(4, CONTROL_CHARACTERS.length - index * 4);
  if (count <= 0) return undefined;
  return Array.from({ length: count }, (_, at) => characterText((word >>> (at * 8)) & 0xff)).join(" ");
}

/** A character as a terminal shows it: `^C`, `a`; 0 for one that is off or a number. */
function characterText(code: number): string {
  if (code === 0) return "0";
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return "^?";
  return code < 0x7f ? String.fromCharCode(code) : `0x${code.toString(16)}`;
}

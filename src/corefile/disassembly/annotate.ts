import type { Instruction } from "./capstone.ts";

/** An operand that is an address by itself: of a jump, a call, `adr`. */
const ABSOLUTE = /^(?:[a-z]\w*, ){0,2}#?(0x[0-9a-f]+)$/;
/** A place in memory told by its distance from the next instruction, as programs that can lie anywhere have it. */
const RELATIVE = /\[rip ([+-]) (0x[0-9a-f]+|\d+)\]/;

/** Mnemonics whose immediate operand is an address: of the 64-bit PC, then of both kinds of Arm. */
const BRANCHES = /^(j\w+|call|loop\w*|xbegin|b|bl|blx|b\.\w+|b[a-z]{2}|bl[a-z]{2}|cbn?z|tbn?z|adrp?)$/;

/** The address that an instruction leads to or looks at, where its operands alone tell. */
export function targetOf(
  { mnemonic, operands }: Pick<Instruction, "mnemonic" | "operands">,
  next: bigint,
): bigint | undefined {
  const relative = RELATIVE.exec(operands);
  if (relative) {
    const [, sign, distance = "0"] = relative;
    return BigInt.asUintN(64, sign === "-" ? next - BigInt(distance) : next + BigInt(distance));
  }
  const word = mnemonic.split(" ").at(-1) ?? "";
  const [, absolute] = BRANCHES.test(word) ? (ABSOLUTE.exec(operands.replace(/#\d+, /, "")) ?? []) : [];
  return absolute === undefined ? undefined : BigInt(absolute);
}

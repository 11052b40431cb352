/** Numbers and names of a flags field, as text. Masks are decimal. */
export interface Bit {
  readonly name: string;
  readonly mask: string;
}

/** The number that names and numbers joined by `|` make; undefined when one is neither. */
export function flagsValue(text: string, bits: readonly Bit[]): bigint | undefined {
  if (text.trim() === "") return 0n;
  let all = 0n;
  for (const part of text.split("|")) {
    const word = part.trim();
    const mask = bits.find(({ name }) => name === word)?.mask ?? word;
    if (!/^(\d+|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(mask)) return undefined;
    all |= BigInt(mask);
  }
  return all;
}

/** The names of the bits that are set, in the order of the table, and what is left in hex. */
export function flagsText(value: bigint, bits: readonly Bit[]): string {
  const names: string[] = [];
  let left = value;
  for (const { name, mask } of bits) {
    const bit = BigInt(mask);
    if ((left & bit) !== bit) continue;
    names.push(name);
    left &= ~bit;
  }
  if (left !== 0n || names.length === 0) names.push(`0x${left.toString(16)}`);
  return names.join(" | ");
}

/** Whether all bits of a mask are set. */
export function isSet(value: bigint, { mask }: Bit): boolean {
  return (value & BigInt(mask)) === BigInt(mask);
}

/** The value with the bits of a mask set or not. */
export function withBit(value: bigint, { mask }: Bit, on: boolean): bigint {
  return on ? value | BigInt(mask) : value & ~BigInt(mask);
}

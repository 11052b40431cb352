import type { AddressSpace } from "../memory/index.ts";

/** Sizes that arm64 kernels have for user addresses (`arch/arm64/Kconfig: ARM64_VA_BITS`). */
const SIZES = [36, 39, 42, 47, 48, 52] as const;

/**
 * Bits of a user address on a machine that signs pointers in the others. An image doesn't tell, but the stack lies at the
 * end of what there is.
 */
export function addressBits({ areas }: Pick<AddressSpace, "areas">): number {
  const end = areas.at(-1)?.end ?? 0n;
  return SIZES.find((bits) => end <= 1n << BigInt(bits)) ?? 52;
}

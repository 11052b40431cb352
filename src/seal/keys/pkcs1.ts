/**
 * Takes the padding of RSAES-PKCS1-v1_5 off (RFC 8017, 7.2.2): `00 02`, at least eight bytes that aren't zero, `00`,
 * and a message of exactly `length` bytes. undefined when anything of that is not so; which part it was is not told,
 * and takes no time of its own, as neither must leak to whoever can have ciphertexts tried.
 *
 * Node refuses to do it itself (CVE-2023-46809), unless its OpenSSL hides failures behind random messages.
 */
export function unpadPkcs1(block: Uint8Array, length: number): Uint8Array | undefined {
  const end = block.length - length;
  if (end < 11) return undefined;
  let wrong = (block[0] ?? 0) | ((block[1] ?? 0) ^ 2) | (block[end - 1] ?? 0);
  for (let at = 2; at < end - 1; at++) {
    // 1 where the padding has a zero, without a branch.
    wrong |= (((block[at] ?? 0) - 1) >>> 8) & 1;
  }
  // A copy: the caller overwrites the block, and a Buffer's own slice() would share its bytes.
  return wrong === 0 ? Uint8Array.from(block.subarray(end)) : undefined;
}

// Every cipher of the floor behind one interface, with two providers: the runtime's own primitives, and those of
// @noble/ciphers. Electron's crypto (BoringSSL) lacks some that Node's has, so the choice is made for each.
import { getCiphers } from "node:crypto";
import { nativeAes, portableAes } from "./aes.ts";
import type { Aes } from "./aes.ts";
import {
  CHACHA,
  openRecordNatively,
  openRecordPortably,
  sealRecordNatively,
  sealRecordPortably,
} from "./chacha.ts";
import type { OpenRecord, SealRecord } from "./chacha.ts";
import { ocbNatively, ocbPortably } from "./ocb.ts";
import type { OpenOcb } from "./ocb.ts";
import { maskedXts, nativeXts } from "./xts.ts";
import type { PageCipher } from "./xts.ts";

export type { Aes } from "./aes.ts";
export type { OpenRecord, SealedBytes, SealRecord } from "./chacha.ts";
export type { OcbMessage, OpenOcb } from "./ocb.ts";
export type { PageCipher } from "./xts.ts";

export interface Ciphers extends Aes {
  /** ChaCha20-Poly1305 (RFC 8439), no associated data. */
  readonly openRecord: OpenRecord;
  readonly sealRecord: SealRecord;
  /** AES-OCB (RFC 7253), in pieces. */
  readonly ocb: OpenOcb;
  /** AES-256-XTS with one tweak for every page (IEEE 1619). */
  readonly xts: (key: Uint8Array, tweak: Uint8Array) => PageCipher;
}

export const nativeCiphers: Ciphers = {
  ...nativeAes,
  openRecord: openRecordNatively,
  sealRecord: sealRecordNatively,
  ocb: ocbNatively,
  xts: nativeXts,
};

export const portableCiphers: Ciphers = {
  ...portableAes,
  openRecord: openRecordPortably,
  sealRecord: sealRecordPortably,
  ocb: ocbPortably,
  xts: maskedXts,
};

/** What the runtime must have for the native form of each primitive. */
const NEEDS: Readonly<Record<Exclude<keyof Ciphers, "xts">, readonly string[]>> = {
  openRecord: [CHACHA],
  sealRecord: [CHACHA],
  ocb: ["aes-128-ocb", "aes-192-ocb", "aes-256-ocb"],
  ctr: ["aes-128-ctr", "aes-192-ctr", "aes-256-ctr"],
  cbc: ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"],
  gcm: ["aes-128-gcm", "aes-192-gcm", "aes-256-gcm"],
  unwrap: ["id-aes128-wrap", "id-aes192-wrap", "id-aes256-wrap"],
};

/**
 * For each primitive the runtime's own where it exists, which is the faster. But for pages: the mask takes many in one call,
 * the runtime's XTS one, and the call costs more than deciphering a page.
 */
export function bestCiphers(available: readonly string[] = getCiphers()): Ciphers {
  const names = new Set(available.map((name) => name.toLowerCase()));
  const has = (primitive: keyof typeof NEEDS): boolean => NEEDS[primitive].every((name) => names.has(name));
  const pick = <K extends keyof typeof NEEDS>(primitive: K): Ciphers[K] =>
    (has(primitive) ? nativeCiphers : portableCiphers)[primitive];
  return {
    openRecord: pick("openRecord"),
    sealRecord: pick("sealRecord"),
    ocb: pick("ocb"),
    xts: maskedXts,
    ctr: pick("ctr"),
    cbc: pick("cbc"),
    gcm: pick("gcm"),
    unwrap: pick("unwrap"),
  };
}

// Keys of Confidential Containers: packets that name a key of a key broker service (KBS), versions 1 and 2
// (guest-components: `attestation-agent/kbc/…/annotation_packet`).
import { bestCiphers } from "../ciphers/index.ts";
import { sealErrors } from "../errors.ts";
import { openJwe, readJwe } from "../jwe/index.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key, KeyBroker } from "../keys/key.ts";
import { parseObject } from "./annotations.ts";

/** The provider's name in the annotation. */
export const ATTESTATION_AGENT = "provider.attestation-agent";
const KEK = 32;
const MAX_ANSWER = 64 * 1024;
const TIMEOUT = 30_000;

export interface KbsPacket {
  /** Path of the key at the broker: `default/key/1`. */
  readonly path: string;
  readonly wrapped: Uint8Array;
  readonly iv: Uint8Array;
  readonly wrap: "A256GCM" | "A256CTR";
}

/** Reads a packet; undefined for what isn't one, or of another provider than a KBS. */
export function readKbsPacket(bytes: Uint8Array): KbsPacket | undefined {
  const json = parseObject(bytes);
  if (json === undefined || (json["provider"] ?? "kbs") !== "kbs") return undefined;
  const { kid, wrapped_data: wrapped, iv, wrap_type: wrap } = json;
  if (typeof kid !== "string" || typeof wrapped !== "string" || typeof iv !== "string") return undefined;
  if (wrap !== "A256GCM" && wrap !== "A256CTR") return undefined;
  // kbs:///repository/type/tag; a host in it is an attacker's word and is not called.
  const path = /^kbs(?:\+[a-z]+)?:\/\/[^/]*\/([\w.-]+\/[\w.-]+\/[\w.-]+)$/.exec(kid)?.[1];
  if (path === undefined || path.split("/").some((part) => /^\.+$/.test(part))) return undefined;
  return { path, wrapped: Buffer.from(wrapped, "base64"), iv: Buffer.from(iv, "base64"), wrap };
}

/** Unwraps it with raw keys, then with what key brokers give. undefined when none fits. Throws `seal.brokerFailed`. */
export async function openKbsPacket(
  packet: KbsPacket,
  keys: readonly Key[],
  isRight: (plaintext: Uint8Array) => boolean,
  signal?: AbortSignal,
): Promise<{ readonly plaintext: Uint8Array; readonly openedBy: string } | undefined> {
  for (const key of keysOfKind(keys, "raw")) {
    const plaintext = key.bytes.length === KEK ? unwrap(packet, key.bytes) : undefined;
    if (plaintext && isRight(plaintext)) return { plaintext, openedBy: key.name };
  }
  for (const broker of keysOfKind(keys, "broker")) {
    const kek = await fetchKey(broker, packet.path, signal);
    const plaintext = unwrap(packet, kek);
    kek.fill(0);
    if (plaintext && isRight(plaintext)) return { plaintext, openedBy: broker.name };
  }
  return undefined;
}

function unwrap({ wrap, wrapped, iv }: KbsPacket, kek: Uint8Array): Uint8Array | undefined {
  const { gcm, ctr } = bestCiphers();
  if (wrap === "A256CTR") return iv.length === 16 ? ctr(kek, iv, wrapped) : undefined;
  if (iv.length !== 12 || wrapped.length < 16) return undefined;
  return gcm(kek, iv, wrapped.subarray(0, -16), wrapped.subarray(-16));
}

const REFUSALS: Readonly<Record<number, readonly [why: string, next: string]>> = {
  401: [
    "it does not know the token (401)",
    "Get a new token: attest in the guest, and give the token that the broker answers with.",
  ],
  403: ["its policy does not allow it (403)", "Ask who runs the broker to allow this key for your token."],
  404: ["it has no such key (404)", "Check the address of the broker."],
};

/** `GET /kbs/v0/resource/PATH` with the token that attestation gave. A redirection is not followed: it would get the token. */
async function fetchKey(
  { url, token, teeKey, name }: KeyBroker,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const failed = (why: string, next = "Check that the broker is running and can be reached."): never => {
    throw sealErrors.brokerFailed(name, why, next);
  };
  const timeout = AbortSignal.timeout(TIMEOUT);
  const response = await fetch(`${url.replace(/\/+$/, "")}/kbs/v0/resource/${path}`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: "error",
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch((): never => {
    signal?.throwIfAborted();
    // The cause may hold the request with its token.
    return failed("it can't be reached");
  });
  if (!response.ok) {
    await response.body?.cancel();
    const [why, next] = REFUSALS[response.status] ?? [`it answered ${response.status}`];
    return failed(why, next);
  }
  const body = await readBounded(response);
  if (body === undefined) return failed("its answer is far too long");
  if (body.length === KEK) return body;
  const jwe = readJwe(body.toString("utf8"));
  if (!jwe) return failed("its answer is no key");
  if (!teeKey)
    return failed(
      "its answer is sealed for the attested machine's key",
      'Give that private key too, as "teeKey" (a JWK).',
    );
  const opened = openJwe(jwe, [teeKey]);
  if (opened?.plaintext.length !== KEK) return failed("its answer is sealed for another key than teeKey");
  return opened.plaintext;
}

async function readBounded(response: Response): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    size += next.value.length;
    if (size > MAX_ANSWER) {
      await reader?.cancel();
      return undefined;
    }
    pieces.push(next.value);
  }
  return Buffer.concat(pieces);
}

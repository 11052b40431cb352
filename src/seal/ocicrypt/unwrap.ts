import { openSmallCms } from "../cms/index.ts";
import { jweNeeds, openJwe, readJwe } from "../jwe/index.ts";
import type { Key, KeyKind } from "../keys/key.ts";
import { openSmallPgp } from "../openpgp/index.ts";
import { privateOptions } from "./annotations.ts";
import type { PrivateOptions, WrappedPacket } from "./annotations.ts";
import { ATTESTATION_AGENT, openKbsPacket, readKbsPacket } from "./kbs.ts";
import { askProvider } from "./provider.ts";

type Opened = { readonly plaintext: Uint8Array; readonly openedBy: string } | undefined;

/** One way of wrapping a layer's key. A new one is a new row. */
interface Wrapping {
  matches(scheme: string): boolean;
  /** Kinds of key that may open it. */
  readonly kinds: readonly KeyKind[];
  open(packet: WrappedPacket, keys: readonly Key[], signal?: AbortSignal): Promise<Opened> | Opened;
  /** What opens it, in words. */
  needs(packet: WrappedPacket): readonly string[];
}

const textOf = ({ bytes }: WrappedPacket): string => Buffer.from(bytes).toString("utf8");

const isProvider = (scheme: string): boolean => scheme.startsWith("provider.");

const WRAPPINGS: readonly Wrapping[] = [
  {
    matches: (scheme) => scheme === "jwe",
    kinds: ["rsa", "ec", "raw"],
    open(packet, keys) {
      const jwe = readJwe(textOf(packet));
      return jwe && openJwe(jwe, keys);
    },
    needs(packet) {
      const jwe = readJwe(textOf(packet));
      return jwe ? jweNeeds(jwe) : [];
    },
  },
  {
    matches: (scheme) => scheme === "pkcs7",
    kinds: ["rsa"],
    open: ({ bytes }, keys) => openSmallCms(bytes, keys),
    needs: () => ["RSA private key (PKCS#7)"],
  },
  {
    matches: (scheme) => scheme === "pgp",
    kinds: ["openpgp", "gpg"],
    open: ({ bytes }, keys) => openSmallPgp(bytes, keys),
    needs: () => ["OpenPGP secret key"],
  },
  {
    matches: (scheme) => scheme === ATTESTATION_AGENT,
    kinds: ["raw", "broker"],
    open({ bytes }, keys, signal) {
      const packet = readKbsPacket(bytes);
      return packet && openKbsPacket(packet, keys, (plain) => privateOptions(plain) !== undefined, signal);
    },
    needs({ bytes }) {
      const packet = readKbsPacket(bytes);
      const key = packet ? `"${packet.path}"` : "it names";
      return [
        `key ${key} of the key broker: its 32 bytes in a file, or the broker's address with a token ` +
          "(a machine outside of the enclave can't attest itself)",
      ];
    },
  },
  {
    matches: isProvider,
    kinds: ["provider"],
    async open({ scheme, bytes }, keys, signal) {
      for (const key of keys) {
        if (key.kind !== "provider" || `provider.${key.provider}` !== scheme) continue;
        const plaintext = await askProvider(key, bytes, signal);
        if (plaintext) return { plaintext, openedBy: key.name };
      }
      return undefined;
    },
    needs: ({ scheme }) => [
      `key provider "${scheme.slice("provider.".length, 80)}": its OCICRYPT_KEYPROVIDER_CONFIG file`,
    ],
  },
  {
    matches: (scheme) => scheme === "pkcs11",
    kinds: [],
    open: () => undefined,
    needs: () => ["key in a PKCS#11 token, which `skopeo copy --decryption-key` can use"],
  },
];

/** Unwraps the layer's key with the first packet and key that fit; undefined when none does. */
export async function unwrapLayerKey(
  packets: readonly WrappedPacket[],
  keys: readonly Key[],
  signal?: AbortSignal,
): Promise<{ readonly options: PrivateOptions; readonly openedBy: string } | undefined> {
  for (const packet of packets)
    for (const { matches, kinds, open } of WRAPPINGS) {
      const usable = keys.filter(({ kind }) => kinds.includes(kind) || kind === "passphrase");
      // The agent of Confidential Containers may also be had as a program.
      if (!matches(packet.scheme) || !usable.some(({ kind }) => kinds.includes(kind))) continue;
      signal?.throwIfAborted();
      const opened = await open(packet, usable, signal);
      const options = opened && privateOptions(opened.plaintext);
      opened?.plaintext.fill(0);
      if (opened && options) return { options, openedBy: opened.openedBy };
    }
  return undefined;
}

/** What would open the layer, in words, each once. */
export function layerNeeds(packets: readonly WrappedPacket[]): readonly string[] {
  const needs = packets.flatMap((packet) =>
    (WRAPPINGS.find(({ matches }) => matches(packet.scheme))?.needs(packet) ?? []).slice(0, 8),
  );
  return [...new Set(needs)];
}

/** Whether any of the keys is of a kind that some packet could use. */
export function hasUsableKey(packets: readonly WrappedPacket[], keys: readonly Key[]): boolean {
  return packets.some(({ scheme }) =>
    WRAPPINGS.some(({ matches, kinds }) => matches(scheme) && keys.some(({ kind }) => kinds.includes(kind))),
  );
}

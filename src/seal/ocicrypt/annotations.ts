/** What a layer's descriptor says of its seal (containers/ocicrypt: `spec/` and `config/constructors.go`). */
export interface SealedLayerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const PREFIX = "org.opencontainers.image.enc.";
const KEYS = `${PREFIX}keys.`;
const PUBLIC_OPTIONS = `${PREFIX}pubopts`;
const SUFFIX = "+encrypted";
/** Packets of one layer, at most: an attacker could have each tried by a program. */
const MAX_PACKETS = 64;

export function isSealedLayer({ mediaType, annotations }: SealedLayerDescriptor): boolean {
  return mediaType.endsWith(SUFFIX) || Object.keys(annotations).some((key) => key.startsWith(KEYS));
}

/** The media type that the layer has when it is open. */
export function openMediaType(mediaType: string): string {
  return mediaType.endsWith(SUFFIX) ? mediaType.slice(0, -SUFFIX.length) : mediaType;
}

/** The annotations without those of the seal. */
export function openAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith(PREFIX)));
}

/** The layer's key, wrapped in one way. */
export interface WrappedPacket {
  /** `jwe`, `pkcs7`, `pgp`, `pkcs11`, `provider.attestation-agent`, … */
  readonly scheme: string;
  readonly bytes: Uint8Array;
}

/** Every wrapped key of a layer; any of them suffices. */
export function wrappedPackets(annotations: Readonly<Record<string, string>>): readonly WrappedPacket[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(KEYS))
    .flatMap(([key, value]) =>
      value
        .split(",", MAX_PACKETS)
        .map((text) => ({ scheme: key.slice(KEYS.length), bytes: Buffer.from(text, "base64") })),
    )
    .slice(0, MAX_PACKETS);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function base64Field(json: Readonly<Record<string, unknown>> | undefined, name: string): Buffer | undefined {
  const value = json?.[name];
  return typeof value === "string" ? Buffer.from(value, "base64") : undefined;
}

const nonceOf = (json: Readonly<Record<string, unknown>> | undefined): Buffer | undefined => {
  const options = json?.["cipheroptions"];
  return isObject(options) ? base64Field(options, "nonce") : undefined;
};

/** HMAC-SHA256 of the ciphertext, and the nonce where it is public; undefined for another cipher. */
export function publicOptions(
  annotations: Readonly<Record<string, string>>,
): { readonly hmac: Uint8Array; readonly nonce: Uint8Array | undefined } | undefined {
  const json = parseObject(Buffer.from(annotations[PUBLIC_OPTIONS] ?? "", "base64"));
  const hmac = base64Field(json, "hmac");
  if (json?.["cipher"] !== "AES_256_CTR_HMAC_SHA256" || hmac?.length !== 32) return undefined;
  return { hmac, nonce: nonceOf(json) };
}

/** What a packet holds when it is open: the layer's key. */
export interface PrivateOptions {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array | undefined;
  /** `sha256:…` of the layer as it was before it was sealed. */
  readonly digest: string | undefined;
}

export function privateOptions(bytes: Uint8Array): PrivateOptions | undefined {
  const json = parseObject(bytes);
  const key = base64Field(json, "symkey");
  if (key?.length !== 32) return undefined;
  const digest = json?.["digest"];
  return { key, nonce: nonceOf(json), digest: typeof digest === "string" ? digest : undefined };
}

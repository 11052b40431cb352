// What names a blob of a container image: its media type, its digest and its size (OCI image spec, descriptor.md).
import { arrayIn, isObject, objectIn, stringIn, stringsIn } from "./json.ts";

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…`, of a form that is safe to make a path of. */
  readonly digest: string;
  /** Bytes, as it says. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** `linux/arm64/v8`. */
  readonly platform: string | undefined;
}

/** Algorithm and hexadecimal digits; anything else could lead out of `blobs/`. */
const DIGEST = /^([a-z0-9]{1,16}):([0-9a-f]{32,128})$/;
/** How many blobs an index or manifest may name. */
const MAX_DESCRIPTORS = 1000;

export function parseDescriptor(value: unknown): Descriptor | undefined {
  const digest = stringIn(value, "digest");
  if (!isObject(value) || digest === undefined || !DIGEST.test(digest)) return undefined;
  const { size } = value;
  const platform = objectIn(value, "platform");
  return {
    mediaType: stringIn(value, "mediaType") ?? "",
    digest,
    size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : NaN,
    annotations: stringsIn(objectIn(value, "annotations")),
    platform: platformName(platform),
  };
}

/** The descriptors of an array in `value`; what is none is left out. */
export function descriptorsIn(value: unknown, key: string): readonly Descriptor[] {
  return (arrayIn(value, key) ?? [])
    .slice(0, MAX_DESCRIPTORS)
    .map(parseDescriptor)
    .filter((one) => one !== undefined);
}

/** `os/architecture/variant` as far as it is known: of a descriptor's platform or of an image's config. */
export function platformName(value: unknown): string | undefined {
  const parts = ["os", "architecture", "variant"].map((key) => stringIn(value, key));
  return parts[0] === undefined || parts[1] === undefined
    ? undefined
    : parts.filter((part) => part !== undefined).join("/");
}

/** Algorithm and hexadecimal digits of a digest that was parsed. */
export function splitDigest(digest: string): readonly [algorithm: string, hex: string] {
  const [, algorithm = "", hex = ""] = DIGEST.exec(digest) ?? [];
  return [algorithm, hex];
}

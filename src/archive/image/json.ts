import { readExactly, type ByteSource } from "../../bytes/index.ts";

/** What is in a JSON object of a container image. Nothing in it has been checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Most bytes of a manifest, an index or a config; registries take no more either (OCI distribution spec). */
export const MAX_JSON = 4 * 1024 * 1024;
const MAX_STRINGS = 1000;
const MAX_STRING = 64 * 1024;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of an object that is this string; undefined for anything else and for "". */
export function stringIn(value: unknown, key: string): string | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === "string" && found !== "" && found.length <= MAX_STRING ? found : undefined;
}

export function objectIn(value: unknown, key: string): JsonObject | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isObject(found) ? found : undefined;
}

export function arrayIn(value: unknown, key: string): readonly unknown[] | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(found) ? (found as readonly unknown[]) : undefined;
}

/** The members of an object that are strings: annotations, labels. */
export function stringsIn(value: JsonObject | undefined): Readonly<Record<string, string>> {
  const strings = Object.entries(value ?? {}).filter(
    (pair): pair is [string, string] => typeof pair[1] === "string" && pair[1].length <= MAX_STRING,
  );
  return Object.fromEntries(strings.slice(0, MAX_STRINGS));
}

/** Why a JSON file can't be used, in words for a problem; or its value. */
export type ReadJson = { readonly value: unknown; readonly bytes: Uint8Array } | { readonly trouble: string };

/** Reads a JSON document of at most 4 MiB. Throws only what the source throws. */
export async function readJson(source: ByteSource): Promise<ReadJson> {
  if (source.size > MAX_JSON)
    return { trouble: `it is ${source.size} bytes long; ${MAX_JSON} are read at most` };
  const bytes = await readExactly(source, 0, source.size);
  try {
    return { value: JSON.parse(Buffer.from(bytes).toString("utf8")) as unknown, bytes };
  } catch {
    return { trouble: "it is no JSON" };
  }
}

import type { FileTree } from "../archive/index.ts";
import { join } from "./locate.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";

/** More than this is no engine's JSON: theirs have some 10 KiB, and parsing must not hold others up. */
const MAX_JSON = 2 * 1024 * 1024;

/** A JSON object as it was found: nothing in it has been checked. */
export type Json = Readonly<Record<string, unknown>>;

/** Reads the JSON object an engine put beside the images; undefined when it is absent or no object (reported). */
export async function readJson(tree: FileTree, path: string, report: Report): Promise<Json | undefined> {
  const entry = await tree.stat(path);
  if (entry?.kind !== "file") return undefined;
  if (entry.size > MAX_JSON) {
    report({
      code: "checkpoint.jsonTooBig",
      message: `The file has ${entry.size} bytes, more than any engine writes; it is not read.`,
      severity: "warning",
      file: path,
    });
    return undefined;
  }
  const text = await orReport(report, path, undefined, () => readText(tree, path, MAX_JSON));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    // Podman writes this for a container without networks.
    if (value === null) return undefined;
  } catch {
    // Said below, in the same words as for a value of another shape.
  }
  report({
    code: "checkpoint.badJson",
    message: "The file is not the JSON object it should be.",
    severity: "warning",
    file: path,
  });
  return undefined;
}

/** The first `limit` bytes of a file as text; undefined when there is no such file. */
export async function readText(tree: FileTree, path: string, limit: number): Promise<string | undefined> {
  if ((await tree.stat(path))?.kind !== "file") return undefined;
  const source = await tree.open(path);
  try {
    return new TextDecoder().decode(await source.read(0, Math.min(limit, source.size)));
  } finally {
    await source.close?.();
  }
}

/** Where engines put `name`: beside the images' folder, in it, or at the root. The first that is there. */
export async function findSidecar(
  tree: FileTree,
  folder: string,
  name: string,
  above = 2,
): Promise<string | undefined> {
  const folders = [folder];
  for (let at = folder; at !== "" && folders.length <= above;) {
    at = at.includes("/") ? at.slice(0, at.lastIndexOf("/")) : "";
    folders.push(at);
  }
  for (const at of [...folders.slice(1), folder]) {
    const path = join(at, name);
    if ((await tree.stat(path))?.kind === "file") return path;
  }
  return undefined;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `at(json, "a", "b")` is `json.a.b`, or undefined where something on the way is no object. */
export const at = (json: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    json,
  );

export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

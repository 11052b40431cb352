import { setImmediate } from "node:timers/promises";
import { imageIds, imageTypeByName } from "../image-lookup.ts";
import type { FieldNode, Image, ImageType, MessageNode } from "../model.ts";
import { payloadPath } from "../records.ts";
import { criuSchemas } from "../schema-index.ts";
import { mayRefer, referenceOf, refersAtAll, spaceNamed } from "./reference.ts";
import type { Reference } from "./reference.ts";
import type { Definition } from "./spaces.ts";

/** The images of one layer of a checkpoint. */
export interface ImageSet {
  /** File names, without folders. */
  readonly names: readonly string[];
  /** Opens an image for as long as `work` takes. Throws what opening throws. */
  use<T>(name: string, work: (image: Image) => Promise<T>): Promise<T>;
}

/** A row of an image's tree. */
export interface Place {
  readonly file: string;
  /** `entries[3].reg`; "" for the image as a whole. */
  readonly path: string;
}

export interface FoundReference extends Place {
  readonly field: FieldNode;
  /** The message the field is in. */
  readonly parent: MessageNode;
  /** The message of the entry. */
  readonly entry: MessageNode;
}

export interface FindOptions {
  readonly signal?: AbortSignal;
  /** Told as each image has been gone through: how many of how many. */
  readonly progress?: (done: number, of: number) => void;
  /** Told of an image that can't be read; the others are searched all the same. */
  readonly failed?: (file: string, error: unknown) => void;
}

const TURN_MS = 12;
/** Messages below each other that are looked into; CRIU nests six deep. */
const MAX_DEPTH = 32;

/**
 * Where the thing that `reference` names is defined; undefined when the layer doesn't have it. `from` is where the
 * question is asked: when that is a definition itself, the next one is given.
 */
export async function findDefinition(
  reference: Reference,
  images: ImageSet,
  from?: Place,
  { signal }: FindOptions = {},
): Promise<Place | undefined> {
  for (const definition of spaceNamed(reference.space).definitions) {
    const found = await search(definition, reference, images, signal);
    if (found && !(from && holds(found, from))) return found;
  }
  return undefined;
}

/** All fields of the layer that have the reference, image by image in the order of their names. */
export async function* findReferences(
  reference: Reference,
  images: ImageSet,
  { signal, progress, failed }: FindOptions = {},
): AsyncGenerator<FoundReference> {
  const names = images.names.filter((name) => canHold(imageTypeByName(name), reference));
  for (const [done, name] of names.entries()) {
    signal?.throwIfAborted();
    progress?.(done, names.length);
    try {
      yield* await images.use(name, async (image) => {
        const found: FoundReference[] = [];
        for await (const { path, field, parent, entry } of fieldsOf(image, signal)) {
          const own = referenceOf(field, parent);
          if (own?.space === reference.space && own.key === reference.key)
            found.push({ file: name, path: fieldPath(path, field), field, parent, entry });
          if (found.length === MAX_FOUND) break;
        }
        return found;
      });
    } catch (error) {
      signal?.throwIfAborted();
      failed?.(name, error);
    }
  }
  progress?.(names.length, names.length);
}

/** Of one image; more are too many to choose from. */
const MAX_FOUND = 10_000;

async function search(
  definition: Definition,
  { key, space }: Reference,
  images: ImageSet,
  signal: AbortSignal | undefined,
): Promise<Place | undefined> {
  if (definition.kind === "image") {
    const file = definition.names(key).find((name) => images.names.includes(name));
    return file === undefined ? undefined : { file, path: "" };
  }
  const names = images.names.filter((name) => definition.images.includes(imageTypeByName(name)?.name ?? ""));
  for (const file of names) {
    const found = await images.use(file, (image) =>
      definition.kind === "element"
        ? element(image, definition.field, key)
        : firstWith(
            image,
            definition.kind === "field" ? definition.fields : [definition.field],
            { key, space },
            signal,
          ),
    );
    if (found === undefined) continue;
    if (definition.kind !== "owner") return { file, path: found };
    const type = imageTypeByName(file);
    const owned = type && definition.name(imageIds(type, file)[0] ?? 0);
    if (owned !== undefined && images.names.includes(owned)) return { file: owned, path: definition.path };
  }
  return undefined;
}

/** The path of the first message that has the reference in one of `fields`. */
async function firstWith(
  image: Image,
  fields: readonly string[],
  { key, space }: Reference,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  for await (const { path, field, parent } of fieldsOf(image, signal)) {
    if (!parent.schema || !fields.includes(`${parent.schema.name}.${field.name}`)) continue;
    const own = referenceOf(field, parent);
    if (own?.space === space && own.key === key) return path;
  }
  return undefined;
}

async function element(image: Image, name: string, key: bigint): Promise<string | undefined> {
  if (image.entryCount === 0) return undefined;
  const { message } = await image.entry(0);
  const has = message.fields.some((field) => field.name === name && BigInt(field.index ?? 0) === key);
  return has ? `entries[0].${name}[${String(key)}]` : undefined;
}

function canHold(type: ImageType | undefined, { space }: Reference): boolean {
  const names = [type?.message, type?.headMessage];
  return names.some((name) => {
    const schema = name === undefined ? undefined : criuSchemas.message(name);
    return schema !== undefined && mayRefer(schema, space);
  });
}

interface Visit {
  /** Path of the message the field is in. */
  readonly path: string;
  readonly field: FieldNode;
  readonly parent: MessageNode;
  readonly entry: MessageNode;
}

/** Every field of an image that has one value, outer ones before inner ones; lets others work in between. */
async function* fieldsOf(image: Image, signal: AbortSignal | undefined): AsyncGenerator<Visit> {
  let turn = performance.now();
  // Entries after a head are of one kind; when that kind refers to nothing the rest needs no decoding.
  const schema = image.type?.message === undefined ? undefined : criuSchemas.message(image.type.message);
  const onlyHead = image.type?.headMessage !== undefined && schema !== undefined && !refersAtAll(schema);
  const count = onlyHead ? Math.min(1, image.entryCount) : image.entryCount;
  for await (const { index, message, payloads } of image.entries(0, count)) {
    const path = `entries[${String(index)}]`;
    const inner = payloads.flatMap((payload) => {
      const at = `${path}.${payloadPath(payload.name)}`;
      return payload.message ? [{ message: payload.message, path: at }] : [];
    });
    let visited = 0;
    for (const top of [{ message, path }, ...inner])
      for (const each of visit(top.message, top.message, top.path, 0)) {
        yield each;
        // One entry may hold all the mappings of a large process.
        if (++visited % VISITS_A_LOOK === 0) turn = await breathe(turn, signal);
      }
    turn = await breathe(turn, signal);
  }
}

const VISITS_A_LOOK = 512;

/** Lets others work when the turn has been long; gives when the turn began. */
async function breathe(turn: number, signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  if (performance.now() - turn < TURN_MS) return turn;
  await setImmediate();
  return performance.now();
}

function* visit(message: MessageNode, entry: MessageNode, path: string, depth: number): Generator<Visit> {
  for (const field of message.fields) if (!isMessage(field)) yield { path, field, parent: message, entry };
  if (depth === MAX_DEPTH) return;
  for (const field of message.fields)
    if (typeof field.value === "object" && "kind" in field.value)
      yield* visit(field.value, entry, fieldPath(path, field), depth + 1);
}

function isMessage({ value }: FieldNode): boolean {
  return typeof value === "object" && "kind" in value;
}

function fieldPath(path: string, { name, index }: FieldNode): string {
  return `${path}.${name}${index === undefined ? "" : `[${String(index)}]`}`;
}

/** Whether `from` is the place or lies in it. */
function holds(place: Place, from: Place): boolean {
  if (place.file !== from.file) return false;
  return place.path === "" || from.path === place.path || from.path.startsWith(`${place.path}.`);
}

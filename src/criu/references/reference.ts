import { criuSchemas } from "../schema-index.ts";
import { imageIds } from "../image-lookup.ts";
import type { FieldNode, ImageType, MessageNode } from "../model.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { CHOICES, SPACES } from "./spaces.ts";
import type { Space, SpaceName } from "./spaces.ts";

/** The number of a thing of the checkpoint, as a field has it. */
export interface Reference {
  readonly space: SpaceName;
  readonly key: bigint;
}

/** What a field of `parent` refers to; undefined for fields that refer to nothing. */
export function referenceOf(field: FieldNode, parent: MessageNode): Reference | undefined {
  const { schema, value } = field;
  if (!schema || !parent.schema || (typeof value !== "number" && typeof value !== "bigint")) return undefined;
  const choice = CHOICES[`${parent.schema.name}.${field.name}`];
  const space = choice ? choice.choose(parent) : spaceOf(schema);
  const key = BigInt(value);
  return space === undefined || spaceNamed(space).none?.includes(key) ? undefined : { space, key };
}

/** What the images of a name belong to as a whole: `core-17.img` to process or thread 17. */
export function referenceOfImage(type: ImageType | undefined, name: string): Reference | undefined {
  const key = type && imageIds(type, name).at(-1);
  if (!type || key === undefined) return undefined;
  const space = SPACE_NAMES.find((each) => spaceNamed(each).named?.includes(type.name));
  return space && { space, key: BigInt(key) };
}

/** What a message defines by a field of its own: an entry of files.img an open file. */
export function referenceOfMessage(message: MessageNode): Reference | undefined {
  const { schema } = message;
  if (!schema) return undefined;
  for (const field of message.fields) {
    const reference = referenceOf(field, message);
    if (reference && defines(`${schema.name}.${field.name}`, reference.space)) return reference;
  }
  return undefined;
}

/** `open file 5`. */
export function referenceText({ space, key }: Reference): string {
  return `${SPACES[space].title} ${String(key)}`;
}

/** Whether a message of this schema, or one below it, can have a field that refers to the space. */
export function mayRefer(schema: MessageSchema, space: SpaceName): boolean {
  return reachableSpaces(schema).has(space);
}

/** Whether a message of this schema, or one below it, can refer to anything. */
export function refersAtAll(schema: MessageSchema): boolean {
  return reachableSpaces(schema).size > 0;
}

function reachableSpaces(schema: MessageSchema): ReadonlySet<SpaceName> {
  const known = reachable.get(schema);
  if (known) return known;
  const spaces = spacesUnder(schema);
  reachable.set(schema, spaces);
  return spaces;
}

/** Whether the field is what its thing is defined by. */
export function isDefinition(field: FieldNode, parent: MessageNode): boolean {
  const reference = referenceOf(field, parent);
  return reference !== undefined && defines(`${parent.schema?.name ?? ""}.${field.name}`, reference.space);
}

/** Whether a field leads elsewhere: one by which a thing is defined does when the thing has more to it. */
export function leadsElsewhere(field: FieldNode, parent: MessageNode): boolean {
  const reference = referenceOf(field, parent);
  if (!reference) return false;
  return !isDefinition(field, parent) || spaceNamed(reference.space).definitions.length > 1;
}

/** Whether the field (`message.field`) is where things of the space are defined. */
function defines(field: string, space: SpaceName): boolean {
  return spaceNamed(space).definitions.some(
    (definition) => definition.kind === "field" && definition.fields.includes(field),
  );
}

// `satisfies` keeps the rows' own types; here each is read as the plain interface.
export function spaceNamed(name: SpaceName): Space {
  return SPACES[name];
}

// Object.keys can't know that the table has no other keys.
const SPACE_NAMES = Object.keys(SPACES) as SpaceName[];

function spaceOf({ show }: FieldSchema): SpaceName | undefined {
  const name = show === "pid" ? "pid" : show?.startsWith("id:") ? show.slice(3) : undefined;
  return SPACE_NAMES.find((each) => each === name);
}

/** Depends on the schema alone, so it is kept with it. */
const reachable = new WeakMap<MessageSchema, ReadonlySet<SpaceName>>();

function spacesUnder(top: MessageSchema): ReadonlySet<SpaceName> {
  const spaces = new Set<SpaceName>();
  const seen = new Set<MessageSchema>([top]);
  for (const message of seen)
    for (const field of message.fields) {
      const own = spaceOf(field);
      for (const space of CHOICES[`${message.name}.${field.name}`]?.among ?? (own ? [own] : []))
        spaces.add(space);
      const inner = field.kind === "message" ? criuSchemas.message(field.type) : undefined;
      if (inner) seen.add(inner);
    }
  return spaces;
}

import type { Content } from "../../../checkpoint/index.ts";
import { byteCount } from "../text.ts";
import { fact } from "./fact.ts";
import type { Fact } from "./fact.ts";

/** The model nests four deep; more would be a mistake in it. */
const DEEPEST = 8;
/** Longest list that is shown element by element. */
const LONGEST = 2000;
/** Bytes of a value that are shown; all of them are in the image. */
const SHOWN_BYTES = 64;

/** Names of members that hold addresses, and bit sets: people read those in hexadecimal. */
const HEXADECIMAL = /address|handler|restorer|start|end$|brk|pointer|mask|bits|counter|base/i;

/** Values of the model whose parts mean nothing one by one: how each is told apart, and its one line. */
const WHOLE: readonly {
  readonly is: (value: object) => boolean;
  readonly text: (value: never) => string;
}[] = [
  {
    // A set with its names: capabilities, signals.
    is: (value) => "bits" in value && "names" in value,
    text: ({ names }: { readonly names: readonly string[] }) =>
      names.length === 0 ? "none" : names.join(" "),
  },
  {
    is: (value) => value instanceof Uint8Array,
    text: (bytes: Uint8Array) => {
      const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString("hex");
      return bytes.length > SHOWN_BYTES ? `${shown}… ${bytes.length} bytes` : shown;
    },
  },
];

/**
 * What the model says of something, member by member, as lines to unfold. Members that are undefined or empty are left
 * out, so that a new member of the model is shown without a word here.
 */
export function factsOf(value: object, depth = 0): readonly Fact[] {
  if (depth > DEEPEST) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const made = factOf(name, member, depth);
    return made ? [made] : [];
  });
}

function factOf(name: string, value: unknown, depth: number): Fact | undefined {
  const label = labelOf(name);
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "object") return fact(label, scalarText(name, value));
  if (isContent(value)) return contentFact(label, value);
  const whole = WHOLE.find(({ is }) => is(value));
  // The row of the table is the one that knows the value's shape.
  if (whole) return fact(label, whole.text(value as never));
  if (Array.isArray(value)) return listFact(label, name, value, depth);
  const children = factsOf(value, depth + 1);
  return children.length === 0 ? undefined : fact(label, summary(value), children);
}

function listFact(label: string, name: string, list: readonly unknown[], depth: number): Fact | undefined {
  if (list.length === 0) return undefined;
  if (list.every((each) => typeof each !== "object"))
    return fact(label, list.map((each) => scalarText(name, each)).join(" "));
  const children = list.slice(0, LONGEST).flatMap((each, index) => {
    if (typeof each !== "object" || each === null) return [fact(String(index), scalarText(name, each))];
    const [key, title] = nameOf(each) ?? [undefined, String(index)];
    return [fact(title, summary(each, key), factsOf(each, depth + 1))];
  });
  return fact(label, String(list.length), children);
}

function isContent(value: object): value is Content {
  return "from" in value && "size" in value && typeof value.size === "number";
}

const contentFact = (label: string, content: Content): Fact => ({
  ...fact(label, byteCount(BigInt(content.size))),
  content,
});

/** `no_new_privs`, `noNewPrivs` → `No new privs`. */
function labelOf(name: string): string {
  if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) return name;
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function scalarText(name: string, value: unknown): string {
  if (typeof value === "bigint") return HEXADECIMAL.test(name) ? `0x${value.toString(16)}` : value.toString();
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** What an element of a list is called, by the first member that names it, and which one that is. */
function nameOf(value: object): readonly [key: string, name: string] | undefined {
  for (const key of ["name", "kind", "destination", "path", "id"])
    if (key in value) {
      const name: unknown = (value as Readonly<Record<string, unknown>>)[key];
      if ((typeof name === "string" && name !== "") || typeof name === "number") return [key, String(name)];
    }
  return undefined;
}

/** The plain members of an object in one line, for the row above them, without the one that is its name there. */
function summary(value: object, title?: string): string {
  return Object.entries(value)
    .filter(
      ([name, member]) =>
        typeof member !== "object" &&
        member !== undefined &&
        member !== "" &&
        // What is not so is said below, not in one line with what is.
        member !== false &&
        name !== title &&
        name !== "name" &&
        name !== "kind",
    )
    .slice(0, 4)
    .map(([name, member]) => {
      const label = labelOf(name).toLowerCase();
      return member === true ? label : `${label} ${scalarText(name, member)}`;
    })
    .join(", ");
}

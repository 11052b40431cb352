import { printable } from "./inspect-printable.ts";
import { shownValue } from "./inspect-values.ts";

/** A value of a JSON document. */
type Value = unknown;

interface Line {
  readonly text: string;
  readonly children: readonly Line[];
}

/** A document as a tree of names and values, for people. */
export function treeText(document: object, width = Infinity): string {
  const lines: string[] = [];
  // A stack of its own: what is nested deep must not exhaust the engine's.
  const waiting = fieldsOf(document)
    .map((line) => ({ line, lead: "", branch: "" }))
    .reverse();
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const { line, lead, branch } = item;
    const text = printable(`${lead}${branch}${line.text}`);
    lines.push(text.length > width ? `${text.slice(0, width - 1)}…` : text);
    const below = branch === "" ? lead : `${lead}${branch === "└─ " ? "   " : "│  "}`;
    const last = line.children.length - 1;
    for (let index = last; index >= 0; index--) {
      const child = line.children[index];
      if (child) waiting.push({ line: child, lead: below, branch: index === last ? "└─ " : "├─ " });
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Fields that name what they are in; they stand in its title. */
const TITLES: readonly (readonly string[])[] = [
  ["pid", "comm"],
  ["tid", "comm"],
  ["fd", "description"],
  ["start", "end", "permissions", "name"],
  ["kind", "id"],
  ["destination", "type"],
  ["severity", "file", "message"],
  ["resource", "name"],
  ["tool"],
  ["label", "value"],
  ["path", "size"],
  ["name"],
  ["id"],
  ["address", "prefixLength"],
];

function titled(value: object): Line {
  const entries = Object.entries(value);
  const names = TITLES.find(([first]) => first !== undefined && Object.hasOwn(value, first)) ?? [];
  const title = names
    .map((name) => entries.find(([key]) => key === name)?.[1])
    .filter(isScalar)
    .join(" ");
  const rest = entries.filter(([key]) => !names.includes(key));
  const children = fieldsOf(Object.fromEntries(rest));
  // A few plain facts fit on the line of their title.
  const isShort = children.every((child) => child.children.length === 0) && rest.length <= 4;
  const text = [title || "·", ...(isShort ? [children.map((child) => child.text).join(", ")] : [])]
    .filter((part) => part !== "")
    .join("  ");
  return { text, children: isShort ? [] : children };
}

const isScalar = (value: Value): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** The fields of an object, those that are empty left out. */
function fieldsOf(value: object): readonly Line[] {
  return Object.entries(value).flatMap(([name, field]) => fieldLine(name, field));
}

function fieldLine(name: string, value: Value): readonly Line[] {
  if (isScalar(value))
    return value === "" ? [] : [{ text: `${name}: ${shownValue(name, value)}`, children: [] }];
  if (Array.isArray(value)) {
    const items: readonly Value[] = value;
    if (items.length === 0) return [];
    if (items.every(isScalar)) return [{ text: `${name}: ${items.join(", ")}`, children: [] }];
    const children = items.filter((item) => typeof item === "object" && item !== null).map(titled);
    return [{ text: `${name} (${items.length})`, children }];
  }
  if (typeof value !== "object" || value === null) return [];
  const children = fieldsOf(value);
  return children.length === 0 ? [] : [{ text: name, children }];
}

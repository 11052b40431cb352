/** A value of crit's JSON. bigint for 64-bit integers, which JSON writes in full. */
export type CritValue = boolean | number | bigint | string | LazyText | readonly CritValue[] | CritObject;

export interface CritObject {
  readonly [key: string]: CritValue;
}

/** A string too long to hold: read when it is written. Its characters need no escapes but `\n`. */
export interface LazyText {
  readonly kind: "lazy";
  chunks(): AsyncIterable<string>;
}

/** Text of JSON, with what is still to be read in its place. */
export type JsonPart = string | LazyText;

/**
 * JSON as Python's `json.dump(value)` writes it, or with `pretty` `json.dump(value, indent=4)`: ASCII only, keys in the
 * order of the object. `depth` is the indentation level the text starts at.
 */
export function jsonParts(value: CritValue, pretty: boolean, depth = 0): JsonPart[] {
  const parts: JsonPart[] = [];
  let text = "";
  const write = (item: CritValue, level: number): void => {
    if (typeof item === "string") text += quote(item);
    else if (typeof item !== "object") text += String(item);
    else if (isLazy(item)) {
      parts.push(`${text}"`, item);
      text = '"';
    } else if (Array.isArray(item)) {
      list("[", "]", item as readonly CritValue[], level, (element) => {
        write(element, level + 1);
      });
    } else {
      list("{", "}", Object.entries(item), level, ([key, element]) => {
        text += `${quote(key)}: `;
        write(element, level + 1);
      });
    }
  };
  const list = <T>(
    open: string,
    close: string,
    items: readonly T[],
    level: number,
    one: (item: T) => void,
  ): void => {
    text += open;
    for (const [index, item] of items.entries()) {
      text += lineBreak(pretty, level + 1, index > 0);
      one(item);
    }
    if (items.length > 0) text += lineBreak(pretty, level, false);
    text += close;
  };
  write(value, depth);
  return text === "" ? parts : [...parts, text];
}

/** What stands before an element (after a comma, unless it is the first) or before a closing bracket. */
export function lineBreak(pretty: boolean, level: number, comma: boolean): string {
  if (!pretty) return comma ? ", " : "";
  return `${comma ? "," : ""}\n${" ".repeat(4 * level)}`;
}

/** A string as Python's json writes it with `ensure_ascii`. */
export function quote(value: string): string {
  const escaped = JSON.stringify(value);
  return PLAIN.test(escaped) ? escaped : escaped.replace(NOT_ASCII, escapeUnit);
}

const PLAIN = /^[ -~]*$/;
const NOT_ASCII = /[^ -~]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function isLazy(value: object): value is LazyText {
  return "kind" in value && value.kind === "lazy" && "chunks" in value;
}

/** A value of crit's JSON. bigint for 64-bit integers, which JSON writes in full. */
export type CritValue =
  boolean | number | bigint | string | LazyText | LazyList | readonly CritValue[] | CritObject;

export interface CritObject {
  readonly [key: string]: CritValue;
}

/** A string too long to hold: read when it is written. Its characters need no escapes but `\n`. */
export interface LazyText {
  readonly kind: "lazy";
  chunks(): AsyncIterable<string>;
}

/** A list too long to hold: its elements are made when they are written. It has one at least. */
export interface LazyList {
  readonly kind: "lazyList";
  items(): Iterable<CritValue>;
}

/** Text put together before it is made one piece: as pieces it takes several times the memory. */
const PIECE = 64 * 1024;

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
    if (text.length > PIECE) {
      // ASCII; by way of bytes, which makes it one piece.
      parts.push(Buffer.from(text, "latin1").toString("latin1"));
      text = "";
    }
    if (typeof item === "string") text += quote(item);
    else if (typeof item !== "object") text += String(item);
    else if (isLazy(item)) {
      parts.push(`${text}"`, item);
      text = '"';
    } else if (isList(item)) {
      list("[", "]", "items" in item ? item.items() : item, level, (element) => {
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
    items: Iterable<T>,
    level: number,
    one: (item: T) => void,
  ): void => {
    text += open;
    let isFirst = true;
    for (const item of items) {
      text += lineBreak(pretty, level + 1, !isFirst);
      isFirst = false;
      one(item);
    }
    if (!isFirst) text += lineBreak(pretty, level, false);
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

function isList(value: object): value is LazyList | readonly CritValue[] {
  return Array.isArray(value) || ("kind" in value && value.kind === "lazyList" && "items" in value);
}

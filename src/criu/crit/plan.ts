// The schema made ready for printing: what the transcoder needs of each field, found once and not for each value.
import type { SchemaIndex } from "../schema-index.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { hasShapes } from "../shapes.ts";
import { scalarWireType } from "../wire-values.ts";
import { jsonParts, lineBreak, quote } from "./json.ts";
import { critMark, printerOf } from "./values.ts";
import type { Printer } from "./values.ts";

/** How a field's value is printed; what can't be printed quickly is `general`. */
export type PrintForm = "decimal" | "printer" | "bool" | "text" | "bytes" | "message" | "address" | "general";

export interface FieldPlan {
  readonly number: number;
  /** Wire type of one value. */
  readonly wireType: number;
  readonly repeated: boolean;
  readonly form: PrintForm;
  /** How a whole number that isn't repeated is printed, where that is its digits and no more. */
  readonly digits: "decimal" | "hex" | undefined;
  /** The scalar type, as the decoder of nodes takes it. */
  readonly type: string;
  /** What stands before the value as the first field of its message, with and without the brace, and after another. */
  readonly open: Uint8Array;
  readonly first: string;
  readonly next: string;
  /** Between the elements of a list, and behind the last; empty when not repeated. */
  readonly separator: string;
  readonly close: string;
  /** Text of a value of this field. */
  readonly print: (value: Parameters<Printer>[0]) => string | undefined;
  /** `next` with the value behind it, by the varint's one byte, as it was printed before. */
  readonly small: (string | undefined)[];
  /** The plan of a message field; made when it is first met. */
  readonly inner: () => MessagePlan | undefined;
}

export interface MessagePlan {
  /** By field number. */
  readonly fields: readonly (FieldPlan | undefined)[];
  /** By the byte of its tag: the varint fields that may stand first in an entry and don't repeat. */
  readonly firsts: readonly (FieldPlan | undefined)[];
  /** Fields that are not here may mean that the message is of another form: it goes the general way. */
  readonly isStrict: boolean;
  /** Before the closing brace, unless nothing stands in the braces. */
  readonly close: string;
  /** What followed the first fields of entries printed before, in `TAIL_SLOTS` places. */
  readonly tails: (Tail | undefined)[];
}

/** Tails remembered of one message; a power of two. */
export const TAIL_SLOTS = 256;

/** Some fields up to the end of a message: their bytes, and what was printed of them. */
interface Tail {
  /** The field before them. */
  readonly first: FieldPlan;
  readonly bytes: Uint8Array;
  /** ASCII. */
  readonly text: Uint8Array;
}

/** Field numbers of CRIU's messages end at 128; a message with larger ones has no plan. */
const MAX_NUMBER = 255;
/** CRIU nests six deep; deeper ones have no plan. */
const MAX_LEVEL = 40;

/** Gives the plan of a message printed at an indentation level; `hex` says that its integers are to be in hex. */
export type PlanBook = (message: string, level: number, hex?: boolean) => MessagePlan | undefined;

/** Plans of messages, made on first use. `pretty` is crit's `--pretty`. */
export function planBook(schemas: SchemaIndex, pretty: boolean): PlanBook {
  const plans = new Map<string, MessagePlan | undefined>();
  const book: PlanBook = (name, level, hex = false) => {
    const key = `${name} ${level} ${hex ? "hex" : ""}`;
    if (plans.has(key)) return plans.get(key);
    const schema = level < MAX_LEVEL ? schemas.message(name) : undefined;
    const plan = schema && messagePlan(schema, book, { pretty, hex, level });
    plans.set(key, plan);
    return plan;
  };
  return book;
}

interface Style {
  readonly pretty: boolean;
  readonly hex: boolean;
  readonly level: number;
}

function messagePlan(schema: MessageSchema, book: PlanBook, style: Style): MessagePlan | undefined {
  const largest = Math.max(0, ...schema.fields.map(({ number }) => number));
  if (largest > MAX_NUMBER) return undefined;
  // Filled in order, so that it is one dense array to the machine.
  const fields = Array.from({ length: largest + 1 }, (): FieldPlan | undefined => undefined);
  for (const field of schema.fields) fields[field.number] = fieldPlan(field, book, style);
  const firsts = Array.from({ length: 0x80 }, (_, tag) => {
    const field = (tag & 7) === 0 ? fields[tag >>> 3] : undefined;
    return field?.wireType === 0 && !field.repeated ? field : undefined;
  });
  const isStrict = hasShapes(schema.name);
  // What differs between the forms goes the general way, too.
  if (isStrict)
    for (const field of schema.fields) if (field.kind === "message") fields[field.number] = undefined;
  return { fields, firsts, isStrict, close: lineBreak(style.pretty, style.level, false), tails: [] };
}

function fieldPlan(field: FieldSchema, book: PlanBook, { pretty, hex, level }: Style): FieldPlan {
  const mark = critMark(field);
  const repeated = field.rule === "repeated";
  const key = `${quote(field.name)}: ${repeated ? `[${lineBreak(pretty, level + 2, false)}` : ""}`;
  const first = lineBreak(pretty, level + 1, false) + key;
  const printer = field.kind === "message" ? undefined : printerOf(field, pretty, hex);
  return {
    number: field.number,
    wireType: scalarWireType(field),
    repeated,
    form: printForm(field, mark, pretty, hex),
    digits: digitsOf(field, mark, pretty, hex),
    type: field.type,
    open: Uint8Array.from(Buffer.from(`{${first}`, "latin1")),
    first,
    next: lineBreak(pretty, level + 1, true) + key,
    separator: repeated ? lineBreak(pretty, level + 2, true) : "",
    close: repeated ? `${lineBreak(pretty, level + 1, false)}]` : "",
    print(value) {
      const printed = printer?.(value);
      return printed === undefined ? undefined : jsonParts(printed, false).join("");
    },
    small: [],
    inner: () =>
      field.kind === "message"
        ? book(field.type, repeated ? level + 2 : level + 1, hex || (pretty && mark === "hex"))
        : undefined,
  };
}

function printForm(field: FieldSchema, mark: string, pretty: boolean, hex: boolean): PrintForm {
  if (field.kind === "message") return "message";
  if (field.kind === "enum") return "printer";
  if (pretty && mark === "ip")
    return field.rule === "repeated" && field.type === "uint32" ? "address" : "general";
  if (field.type === "bytes") return "bytes";
  if (field.type === "string") return "text";
  if (field.type === "bool") return "bool";
  if (field.type === "float" || field.type === "double") return "general";
  return pretty && (hex || MARKED.test(mark)) ? "printer" : "decimal";
}

function digitsOf(field: FieldSchema, mark: string, pretty: boolean, hex: boolean): FieldPlan["digits"] {
  if (!/^u?int(32|64)$/.test(field.type) || field.rule === "repeated") return undefined;
  const form = printForm(field, mark, pretty, hex);
  if (form === "printer" && (hex || mark === "hex")) return "hex";
  return form === "decimal" ? "decimal" : undefined;
}

/** Marks of numbers that `printerOf` prints in a form of their own. */
const MARKED = /^(hex|dev|odev|flags:.*|enum:.*)$/;

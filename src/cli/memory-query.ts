import type { MemoryQuery } from "../memory/index.ts";
import { cliErrors } from "./errors.ts";
import { parseRange } from "./memory-filter.ts";
import { parseAddress } from "./memory-target.ts";

/** How a pattern that is looked for in memory is meant. */
export const QUERY_OPTIONS = {
  regex: { type: "boolean" },
  hex: { type: "boolean" },
  utf16: { type: "boolean" },
  int: { type: "boolean" },
  pointer: { type: "boolean" },
  width: { type: "string" },
  "big-endian": { type: "boolean" },
  unaligned: { type: "boolean" },
  "ignore-case": { type: "boolean", short: "i" },
} as const;

type QueryValues = Readonly<
  Partial<Record<Exclude<keyof typeof QUERY_OPTIONS, "width">, boolean>> & { readonly width?: string }
>;

const WIDTHS = [1, 2, 4, 8] as const;

/** The one form of query that the options name. Throws `cli.usage`. */
export function queryOf(pattern: string, values: QueryValues, command: string): MemoryQuery {
  const forms = (["regex", "hex", "int", "pointer"] as const).filter((form) => values[form] === true);
  const [form, other] = forms;
  if (other !== undefined) throw cliErrors.usage(`--${form} and --${other} exclude each other.`, command);
  const matchCase = values["ignore-case"] !== true;
  if (form === "regex") return { kind: "regex", text: pattern, matchCase };
  if (form === "hex") return { kind: "hex", text: pattern };
  if (form === "int") return integerOf(pattern, values, command);
  if (form === "pointer") return { kind: "pointer", ...parseRange(pattern, "--pointer", command) };
  return { kind: "text", text: pattern, encoding: encodingOf(values), matchCase };
}

function encodingOf(values: QueryValues): (MemoryQuery & { readonly kind: "text" })["encoding"] {
  if (values.utf16 !== true) return "utf-8";
  return values["big-endian"] === true ? "utf-16be" : "utf-16le";
}

function integerOf(pattern: string, values: QueryValues, command: string): MemoryQuery {
  const width = WIDTHS.find((each) => String(each) === (values.width ?? "4"));
  if (width === undefined) throw cliErrors.usage("--width is 1, 2, 4 or 8.", command);
  const isNegative = pattern.startsWith("-");
  const value = parseAddress(isNegative ? pattern.slice(1) : pattern, "--int", command);
  return {
    kind: "integer",
    value: isNegative ? -value : value,
    width,
    endian: values["big-endian"] === true ? "big" : "little",
    aligned: values.unaligned !== true,
  };
}

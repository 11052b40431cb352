import type { Span } from "../model.ts";
import type { ExplanationStep, StepKind, Words } from "./model.ts";

/** A sentence whose `${…}` are numbers, names and bytes, set apart from the words around them; Words become part of it. */
export function words(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | bigint | Words)[]
): Words {
  return strings.flatMap((text, index): Words => {
    const value = values[index];
    const before = text === "" ? [] : [text];
    if (value === undefined) return before;
    return [...before, ...(typeof value === "object" ? value : [{ code: String(value) }])];
  });
}

export interface StepParts {
  readonly title: string;
  readonly short: string;
  readonly span: Span;
  readonly text: readonly (Words | undefined)[];
  readonly tables?: ExplanationStep["tables"];
}

/** A step that leads to the selected bytes; `explain` marks the one that is about them. */
export function step(kind: StepKind, { title, short, span, text, tables = [] }: StepParts): ExplanationStep {
  const sentences = text.filter((sentence) => sentence !== undefined && sentence.length > 0);
  return { kind, title, short, span, text: sentences as Words[], tables, selected: false };
}

/** `00 3a ff`, in the order of the file. */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, hexByte).join(" ");
}

export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** `1 byte`, `5 bytes`. */
export function count(number: number, thing: string): string {
  return `${String(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** `byte 12`, `bytes 12 to 15`: the last one counts. */
export function where({ start, end }: Span): string {
  return end - start <= 1 ? `byte ${String(start)}` : `bytes ${String(start)} to ${String(end - 1)}`;
}

/** `3rd`. */
export function ordinal(number: number): string {
  const [tens, ones] = [number % 100, number % 10];
  const suffix = tens > 10 && tens < 14 ? "th" : (["th", "st", "nd", "rd"][ones] ?? "th");
  return `${String(number)}${suffix}`;
}

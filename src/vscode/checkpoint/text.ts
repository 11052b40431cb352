import * as vscode from "vscode";
import type { LayerFile, Process } from "../../checkpoint/index.ts";

/** Longest text a row shows; the rest of it is nowhere on the screen anyway. */
const LONGEST = 300;

/** Text of a checkpoint for one line: control and direction characters would let it pretend to be other text. */
export function oneLine(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, " ");
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/** A heading and rows of label and value. Values are an attacker's words: they stand as text, whatever they contain. */
export function tooltip(
  heading: string,
  rows: readonly (readonly [label: string, value: string | undefined])[],
): vscode.MarkdownString {
  const made = new vscode.MarkdownString();
  made.supportHtml = false;
  made.isTrusted = false;
  made.appendText(oneLine(heading));
  for (const [label, value] of rows) {
    if (value === undefined || value === "") continue;
    made.appendMarkdown(`\n\n**${label}** `);
    made.appendText(oneLine(value));
  }
  return made;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `512 bytes`, `4 KiB`, `1.5 MiB`. */
export function byteCount(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

export function stateText({ state, exit }: Process): string {
  if (exit?.signal !== undefined) return `${state}, killed by signal ${exit.signal}`;
  return exit?.code === undefined ? state : `${state}, exit code ${exit.code}`;
}

export const commandLine = ({ cmdline }: Process): string => cmdline.join(" ");

/** Size and kind of a file among the images. */
export function imageSummary({ size, type }: LayerFile): string {
  return [byteCount(BigInt(size)), type?.name.toLowerCase().replaceAll("_", " ")]
    .filter((part) => part !== undefined)
    .join(" · ");
}

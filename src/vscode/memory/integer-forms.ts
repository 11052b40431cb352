import * as vscode from "vscode";
import type { MemoryQuery } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";

type IntegerQuery = MemoryQuery & { readonly kind: "integer" };

const WIDTHS = [4, 8, 2, 1] as const;
const ENDIANS = ["little", "big"] as const;

interface FormItem extends vscode.QuickPickItem {
  readonly query?: IntegerQuery;
}

/** Asks how wide a number is, in which order its bytes are, and whether it is aligned; only what it fits is offered. */
export async function askIntegerForm(value: bigint, title: string): Promise<IntegerQuery | undefined> {
  const { Separator } = vscode.QuickPickItemKind;
  const items: FormItem[] = [
    { label: "at addresses that are a multiple of its width", kind: Separator },
    ...integerForms(value, true),
    { label: "at any address", kind: Separator },
    ...integerForms(value, false),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: `${title}: how ${value} is kept` });
  return picked?.query;
}

/** The forms that a number can have in memory, with its bytes. Throws `memoryView.tooWide`. */
function integerForms(
  value: bigint,
  aligned: boolean,
): readonly (FormItem & { readonly query: IntegerQuery })[] {
  const widths = WIDTHS.filter((width) => fits(value, BigInt(width * 8)));
  if (widths.length === 0) throw memoryViewErrors.tooWide(value);
  return widths
    .filter((width) => aligned || width > 1)
    .flatMap((width) =>
      (width === 1 ? (["little"] as const) : ENDIANS).map((endian) => ({
        label: width === 1 ? "8 bits" : `${width * 8} bits, ${endian}-endian`,
        description: bytesOf(value, width, endian),
        query: { kind: "integer" as const, value, width, endian, aligned },
      })),
    );
}

/** Signed and unsigned ones have the same bytes, so a number fits that is one of either. */
const fits = (value: bigint, bits: bigint): boolean => value < 1n << bits && value >= -(1n << (bits - 1n));

function bytesOf(value: bigint, width: number, endian: "little" | "big"): string {
  const digits = BigInt.asUintN(width * 8, value)
    .toString(16)
    .padStart(width * 2, "0");
  const bytes = digits.match(/../g) ?? [];
  return (endian === "big" ? bytes : bytes.toReversed()).join(" ");
}

// What a person searches memory for: the forms that a query can have, asked for in one box.
import * as vscode from "vscode";
import type { MemoryFilter, MemoryQuery } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";
import { askIntegerForm } from "./integer-forms.ts";
import { askPlace } from "./place.ts";
import type { AskedProcess, SearchPlace } from "./place.ts";

interface Form {
  readonly label: string;
  readonly hint: string;
  /** Throws when the text is no such query. Undefined when a further question was given up. */
  readonly query: (text: string, title: string) => MemoryQuery | Promise<MemoryQuery | undefined>;
}

type TextQuery = MemoryQuery & { readonly kind: "text" };

const text =
  (encoding: TextQuery["encoding"], matchCase: boolean): Form["query"] =>
  (typed) => ({ kind: "text", text: typed, encoding, matchCase });

/** The forms of a query, each a line of the list below the input. */
const FORMS: readonly Form[] = [
  { label: "Text", hint: "UTF-8, as it is typed", query: text("utf-8", true) },
  { label: "Text in any case", hint: "UTF-8", query: text("utf-8", false) },
  {
    label: "Text in UTF-16",
    hint: "little-endian, as Windows, Java and JavaScript keep it",
    query: text("utf-16le", true),
  },
  { label: "Text in UTF-16, in any case", hint: "little-endian", query: text("utf-16le", false) },
  {
    label: "Text in UTF-16, big-endian",
    hint: "as network protocols keep it",
    query: text("utf-16be", true),
  },
  {
    label: "Text in UTF-16, big-endian, in any case",
    hint: "as network protocols keep it",
    query: text("utf-16be", false),
  },
  {
    label: "Bytes in hex",
    hint: "de ad ?? ef, with ? for any digit",
    query: (typed) => ({ kind: "hex", text: typed }),
  },
  {
    label: "Regular expression",
    hint: "over bytes",
    query: (typed) => ({ kind: "regex", text: typed, matchCase: true }),
  },
  {
    label: "Regular expression in any case",
    hint: "over bytes; case of ASCII letters",
    query: (typed) => ({ kind: "regex", text: typed, matchCase: false }),
  },
  {
    label: "Integer…",
    hint: "1234, -5 or 0x7f00; of 8 to 64 bits, which is asked next",
    query: (typed, title) => askIntegerForm(integerOf(typed), title),
  },
  { label: "Pointers to an address", hint: "or into a range: 7f00-7f10", query: pointer },
];

function integerOf(typed: string): bigint {
  const parts = /^\s*(-?)(0x[0-9a-f]{1,16}|[0-9]{1,20})\s*$/i.exec(typed);
  if (!parts) throw memoryViewErrors.badInteger(typed);
  const value = BigInt(parts[2] ?? "0");
  return parts[1] === "-" ? -value : value;
}

function pointer(typed: string): MemoryQuery {
  const parts = /^\s*(?:0x)?([0-9a-f]{1,16})(?:-(?:0x)?([0-9a-f]{1,16}))?\s*$/i.exec(typed);
  if (!parts) throw memoryViewErrors.badInteger(typed);
  const start = BigInt(`0x${parts[1] ?? "0"}`);
  const end = parts[2] === undefined ? start + 1n : BigInt(`0x${parts[2]}`);
  if (end <= start) throw memoryViewErrors.emptyRange(typed);
  return { kind: "pointer", start, end };
}

/** What a person wants to find, and where. */
export interface Asked {
  /** As it was typed. */
  readonly text: string;
  readonly query: MemoryQuery;
  readonly filter: MemoryFilter;
}

/**
 * Asks for something to search for, and where to look for it: `places` beside the usual ones. Undefined when given up.
 * Throws `memoryView.badInteger` and `memoryView.emptyRange`.
 */
export async function askQuery(
  title: string,
  processes: readonly AskedProcess[],
  places: readonly SearchPlace[] = [],
): Promise<Asked | undefined> {
  const asked = await pickForm(title);
  const query = await asked?.form.query(asked.text, title);
  if (asked === undefined || query === undefined) return undefined;
  const filter = await askPlace(title, processes, places);
  return filter && { text: asked.text, query, filter };
}

interface FormItem extends vscode.QuickPickItem {
  readonly form: Form;
}

/** One box to type in; the list below says how it can be meant. */
function pickForm(title: string): Promise<{ readonly text: string; readonly form: Form } | undefined> {
  const pick = vscode.window.createQuickPick<FormItem>();
  pick.title = title;
  pick.placeholder = "What to search for; choose below how it is meant";
  pick.items = FORMS.map((form) => ({ label: form.label, description: form.hint, alwaysShow: true, form }));
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const [item] = pick.activeItems;
      if (item === undefined || pick.value === "") return;
      resolve({ text: pick.value, form: item.form });
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

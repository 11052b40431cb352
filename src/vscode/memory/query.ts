import * as vscode from "vscode";
import type { MemoryFilter, MemoryQuery } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";

/** The forms of a query, each a line of the list below the input. Throws when the text is no such query. */
const FORMS: readonly {
  readonly label: string;
  readonly hint: string;
  readonly query: (text: string) => MemoryQuery;
}[] = [
  {
    label: "Text",
    hint: "UTF-8, as it is typed",
    query: (text) => ({ kind: "text", text, encoding: "utf-8", matchCase: true }),
  },
  {
    label: "Text in any case",
    hint: "UTF-8",
    query: (text) => ({ kind: "text", text, encoding: "utf-8", matchCase: false }),
  },
  {
    label: "Text in UTF-16",
    hint: "little-endian, as Windows, Java and JavaScript keep it",
    query: (text) => ({ kind: "text", text, encoding: "utf-16le", matchCase: true }),
  },
  {
    label: "Bytes in hex",
    hint: "de ad ?? ef, with ? for any digit",
    query: (text) => ({ kind: "hex", text }),
  },
  {
    label: "Regular expression",
    hint: "over bytes",
    query: (text) => ({ kind: "regex", text, matchCase: true }),
  },
  { label: "Integer of 32 bits", hint: "little-endian, aligned", query: (text) => integer(text, 4) },
  { label: "Integer of 64 bits", hint: "little-endian, aligned", query: (text) => integer(text, 8) },
  { label: "Pointers to an address", hint: "or to a range: 7f00-7f10", query: pointer },
];

function integer(text: string, width: 4 | 8): MemoryQuery {
  const parts = /^\s*(-?)(0x[0-9a-f]{1,16}|[0-9]{1,20})\s*$/i.exec(text);
  if (!parts) throw memoryViewErrors.badInteger(text);
  const value = BigInt(parts[2] ?? "0");
  return {
    kind: "integer",
    value: parts[1] === "-" ? -value : value,
    width,
    endian: "little",
    aligned: true,
  };
}

function pointer(text: string): MemoryQuery {
  const parts = /^\s*(?:0x)?([0-9a-f]{1,16})(?:-(?:0x)?([0-9a-f]{1,16}))?\s*$/i.exec(text);
  if (!parts) throw memoryViewErrors.badInteger(text);
  const start = BigInt(`0x${parts[1] ?? "0"}`);
  return { kind: "pointer", start, end: parts[2] === undefined ? start + 1n : BigInt(`0x${parts[2]}`) };
}

/** A part of memory to look in. */
export interface SearchPlace {
  readonly label: string;
  readonly description: string;
  readonly filter: MemoryFilter;
}

/** Where to look, each a line of the second list. */
const PLACES: readonly SearchPlace[] = [
  { label: "Everywhere", description: "all memory that can be had", filter: {} },
  { label: "Writable memory", description: "rw", filter: { protection: "rw" } },
  { label: "Heap and stacks", description: "", filter: { kinds: new Set(["heap", "stack"]) } },
  {
    label: "Anonymous memory",
    description: "heap, stacks, and what no file backs",
    filter: { kinds: new Set(["heap", "stack", "anonymous"]) },
  },
  { label: "Executable memory", description: "x", filter: { protection: "x" } },
  {
    label: "Changed pages",
    description: "written since the parent layer, or since they came from their file",
    filter: { dirty: true },
  },
];

/** What a person wants to find, and where. */
export interface Asked {
  /** As it was typed. */
  readonly text: string;
  readonly query: MemoryQuery;
  readonly filter: MemoryFilter;
}

/** Asks for something to search for, and where to look for it: `places` beside the usual ones. Undefined when given up. */
export async function askQuery(
  title: string,
  places: readonly SearchPlace[] = [],
): Promise<Asked | undefined> {
  const asked = await pickForm(title);
  if (asked === undefined) return undefined;
  const query = asked.form.query(asked.text);
  const place = await vscode.window.showQuickPick([...PLACES, ...places], {
    title: `${title}: where`,
    matchOnDescription: true,
  });
  return place && { text: asked.text, query, filter: place.filter };
}

interface FormItem extends vscode.QuickPickItem {
  readonly form: (typeof FORMS)[number];
}

/** One box to type in; the list below says how it can be meant. */
function pickForm(
  title: string,
): Promise<{ readonly text: string; readonly form: (typeof FORMS)[number] } | undefined> {
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

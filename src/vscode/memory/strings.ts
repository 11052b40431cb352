// *List Strings in Memory*: what is printable, as lines of the view *Memory Matches*.
import * as vscode from "vscode";
import { searchMemory } from "../../memory/index.ts";
import type { MemoryFilter, StringEncoding } from "../../memory/index.ts";
import { askPlace } from "./place.ts";
import type { SearchPlace } from "./place.ts";
import { processesOf, titleOf } from "./scope.ts";
import type { SearchScope } from "./scope.ts";
import type { MemorySearch } from "./search.ts";

const ENCODINGS: readonly (vscode.QuickPickItem & { readonly encoding: StringEncoding })[] = [
  { label: "ASCII", description: "as strings(1) does", encoding: "ascii" },
  { label: "8-bit text", description: "Latin-1 or UTF-8", encoding: "latin1" },
  { label: "UTF-16", description: "little-endian, ASCII letters", encoding: "utf-16le" },
];
const SHORTEST = 8;
const LEAST = 2;
const MOST = 1000;

/** Which strings a person wants, and where. */
export interface AskedStrings {
  readonly min: number;
  readonly encoding: StringEncoding;
  readonly filter: MemoryFilter;
}

/** Lists strings. Gives how many there are, undefined when given up. */
export async function showStrings(
  search: MemorySearch,
  scope: SearchScope,
  given?: AskedStrings,
  places: readonly SearchPlace[] = [],
): Promise<number | undefined> {
  const asked = given ?? (await askStrings(scope, places));
  if (asked === undefined) return undefined;
  const { min, encoding, filter } = asked;
  return search.runLook(scope, {
    text: `strings of ${min} characters and more`,
    filter,
    things: { one: "string", many: "strings" },
    async *steps(memories, options) {
      const query = { kind: "strings", min, encoding } as const;
      for await (const { matches, ...step } of searchMemory(memories, query, options))
        // What lies around a string isn't printable.
        yield { ...step, matches: () => matches().map((match) => ({ ...match, before: NONE, after: NONE })) };
    },
  });
}

const NONE = new Uint8Array(0);

async function askStrings(
  scope: SearchScope,
  places: readonly SearchPlace[],
): Promise<AskedStrings | undefined> {
  const title = titleOf("List Strings", scope);
  const picked = await vscode.window.showQuickPick(ENCODINGS, { title: `${title}: encoding` });
  if (picked === undefined) return undefined;
  const min = await vscode.window.showInputBox({
    title: `${title}: shortest`,
    prompt: "Characters that a string has at least",
    value: String(SHORTEST),
    validateInput: (value) =>
      isLength(value) ? undefined : `A whole number from ${String(LEAST)} to ${String(MOST)}.`,
  });
  if (min === undefined) return undefined;
  const filter = await askPlace(title, await processesOf(scope), places);
  return filter && { min: Number(min), encoding: picked.encoding, filter };
}

const isLength = (value: string): boolean =>
  /^[0-9]{1,4}$/.test(value.trim()) && Number(value) >= LEAST && Number(value) <= MOST;

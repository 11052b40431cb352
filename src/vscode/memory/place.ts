// Where a search looks: what people ask for most as lines of a list, and a menu in which each filter can be set.
import * as vscode from "vscode";
import { isProtection } from "../../memory/index.ts";
import type { MemoryFilter } from "../../memory/index.ts";
import type { MappingKind } from "../../checkpoint/index.ts";

/** A part of memory to look in. */
export interface SearchPlace {
  readonly label: string;
  readonly description: string;
  readonly filter: MemoryFilter;
}

/** A process that can be searched. */
export interface AskedProcess {
  readonly pid: number;
  readonly comm: string;
}

/** Where to look, each a line of the list. */
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

/** Kinds of mappings with content of their own, each in words. */
const KINDS: Readonly<Partial<Record<MappingKind, string>>> = {
  heap: "what brk(2) gave, most often malloc's",
  stack: "of the first thread; those of others are anonymous",
  anonymous: "no file behind it",
  file: "mapped files: programs, libraries, data",
  shared: "shared, without a name",
  memfd: "files of memfd_create(2)",
  sysv: "System V shared memory",
  vdso: "the kernel's code for the process",
};

interface PlaceItem extends vscode.QuickPickItem {
  /** Undefined for the line that opens the menu. */
  readonly filter: MemoryFilter | undefined;
}

/** Asks where to look: `places` beside the usual ones. Undefined when given up. */
export async function askPlace(
  title: string,
  processes: readonly AskedProcess[],
  places: readonly SearchPlace[] = [],
): Promise<MemoryFilter | undefined> {
  const items: PlaceItem[] = [
    ...PLACES,
    ...places,
    {
      label: "$(filter) Choose…",
      description: "processes, protection, kinds, addresses",
      alwaysShow: true,
      filter: undefined,
    },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: `${title}: where`,
    matchOnDescription: true,
  });
  return picked && (picked.filter ?? askFilter(title, processes));
}

interface FilterItem extends vscode.QuickPickItem {
  /** Gives the filter with one more thing asked; undefined when that was given up. `done` begins the search. */
  readonly ask: "done" | ((filter: MemoryFilter) => Promise<MemoryFilter | undefined>);
}

/** The menu of filters: each line says what is set, and asks for another when it is chosen. */
async function askFilter(
  title: string,
  processes: readonly AskedProcess[],
): Promise<MemoryFilter | undefined> {
  let filter: MemoryFilter = {};
  for (;;) {
    const picked = await vscode.window.showQuickPick(filterLines(filter, processes), {
      title: `${title}: where`,
      placeHolder: "What to narrow down, then Search",
    });
    if (picked === undefined) return undefined;
    if (picked.ask === "done") return filter;
    filter = (await picked.ask(filter)) ?? filter;
  }
}

function filterLines(filter: MemoryFilter, processes: readonly AskedProcess[]): readonly FilterItem[] {
  const { pids, protection, kinds, range, dirty = false } = filter;
  return [
    { label: "$(search) Search", description: filterInWords(filter), ask: "done" },
    ...(processes.length > 1
      ? [
          {
            label: "$(server-process) Processes",
            description: pids === undefined ? "all" : [...pids].join(", "),
            ask: async (now: MemoryFilter) => askPids(now, processes),
          },
        ]
      : []),
    { label: "$(lock) Protection", description: protection ?? "any", ask: askProtection },
    {
      label: "$(symbol-class) Kinds of mappings",
      description: kinds === undefined ? "all" : [...kinds].join(", "),
      ask: askKinds,
    },
    {
      label: "$(symbol-ruler) Addresses",
      description: range === undefined ? "all" : rangeInWords(range),
      ask: askRange,
    },
    {
      label: "$(diff-modified) Only changed pages",
      description: dirty ? "yes" : "no",
      ask: (now) => Promise.resolve({ ...now, dirty: !dirty }),
    },
  ];
}

/** What a filter lets through, for a line: `pid 1, rw, heap, changed pages`. */
export function filterInWords({ pids, protection, kinds, range, dirty }: MemoryFilter): string {
  const words = [
    ...(pids === undefined ? [] : [`pid ${[...pids].join(", ")}`]),
    ...(protection === undefined ? [] : [protection]),
    ...(kinds === undefined ? [] : [...kinds]),
    ...(range === undefined ? [] : [rangeInWords(range)]),
    ...(dirty === true ? ["changed pages"] : []),
  ];
  return words.length === 0 ? "everywhere" : words.join(", ");
}

const rangeInWords = ({ start, end }: { readonly start: bigint; readonly end: bigint }): string =>
  `${start.toString(16)}-${end.toString(16)}`;

async function askPids(
  filter: MemoryFilter,
  processes: readonly AskedProcess[],
): Promise<MemoryFilter | undefined> {
  const picked = await vscode.window.showQuickPick(
    processes.map(({ pid, comm }) => ({
      label: `${pid} ${comm}`,
      pid,
      picked: filter.pids?.has(pid) ?? false,
    })),
    { title: "Processes to search", canPickMany: true, placeHolder: "None means all" },
  );
  if (picked === undefined) return undefined;
  return { ...filter, pids: picked.length === 0 ? undefined : new Set(picked.map(({ pid }) => pid)) };
}

async function askKinds(filter: MemoryFilter): Promise<MemoryFilter | undefined> {
  // The keys of the table are kinds.
  const kinds = Object.entries(KINDS) as readonly (readonly [MappingKind, string])[];
  const picked = await vscode.window.showQuickPick(
    kinds.map(([kind, description]) => ({
      label: kind,
      description,
      kind: vscode.QuickPickItemKind.Default,
      mapping: kind,
      picked: filter.kinds?.has(kind) ?? false,
    })),
    { title: "Kinds of mappings to search", canPickMany: true, placeHolder: "None means all" },
  );
  if (picked === undefined) return undefined;
  return {
    ...filter,
    kinds: picked.length === 0 ? undefined : new Set(picked.map(({ mapping }) => mapping)),
  };
}

async function askProtection(filter: MemoryFilter): Promise<MemoryFilter | undefined> {
  const typed = await vscode.window.showInputBox({
    title: "Protection of the memory to search",
    ignoreFocusOut: true,
    prompt: "rw: what has these rights. r-x: exactly so, ? for either. Nothing: any.",
    value: filter.protection ?? "",
    validateInput: (value) =>
      value === "" || isProtection(value) ? undefined : "Letters of r, w, x, p, s, or a whole r-x.",
  });
  return typed === undefined ? undefined : { ...filter, protection: typed === "" ? undefined : typed };
}

async function askRange(filter: MemoryFilter): Promise<MemoryFilter | undefined> {
  const typed = await vscode.window.showInputBox({
    title: "Addresses to search",
    ignoreFocusOut: true,
    prompt: "7f0000000000-7f0000100000, in hexadecimal. Nothing: all.",
    value: filter.range === undefined ? "" : rangeInWords(filter.range),
    validateInput: (value) =>
      value.trim() === "" || parseRange(value) !== undefined ? undefined : "START-END, in hexadecimal.",
  });
  return typed === undefined ? undefined : { ...filter, range: parseRange(typed) };
}

/** `7f00-7fff` or `0x7f00-0x7fff`; undefined for what is none, or ends before it begins. */
function parseRange(typed: string): { readonly start: bigint; readonly end: bigint } | undefined {
  const parts = /^\s*(?:0x)?([0-9a-f]{1,16})\s*-\s*(?:0x)?([0-9a-f]{1,16})\s*$/i.exec(typed);
  if (!parts) return undefined;
  const range = { start: BigInt(`0x${parts[1] ?? "0"}`), end: BigInt(`0x${parts[2] ?? "0"}`) };
  return range.end > range.start ? range : undefined;
}

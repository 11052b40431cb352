// The Memory editor and the search of memory.
import * as vscode from "vscode";
import { openMemory } from "../../memory/index.ts";
import type { MemoryFilter } from "../../memory/index.ts";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import { command } from "../messages.ts";
import { hex } from "./address.ts";
import { CodeDiffs } from "./code-diff.ts";
import { goTo } from "./go-to.ts";
import { listHeap } from "./heap.ts";
import { showHistory } from "./history.ts";
import { placeIn, stackPointers } from "./map.ts";
import type { MemoryEditor } from "./memory-editor.ts";
import { chooseProcess, MemoryEditors } from "./memory-editors.ts";
import { showModules } from "./modules.ts";
import type { SearchPlace } from "./place.ts";
import { askQuery } from "./query.ts";
import type { Asked } from "./query.ts";
import { saveMapping, saveModule, saveProcess, saveSelection } from "./save-commands.ts";
import { chooseScope } from "./scope.ts";
import type { SearchScope } from "./scope.ts";
import { MemorySearch } from "./search.ts";
import { showSecrets } from "./secrets.ts";
import { showStrings } from "./strings.ts";
import type { AskedStrings } from "./strings.ts";
import { Sysroots } from "./sysroots.ts";
import { scanYara } from "./yara.ts";

export { askQuery };

/** What tests in a real extension host see. */
export interface MemoryViews {
  readonly editors: MemoryEditors;
  readonly search: MemorySearch;
}

/** A row of the *Checkpoint* view: a checkpoint, a process, one of its mappings. */
interface CheckpointRow {
  readonly entry: OpenCheckpoint;
  readonly process?: { readonly pid: number };
  readonly mapping?: { readonly start: bigint; readonly end: bigint };
  /** Where to go; of a row of a debug session. */
  readonly address?: bigint;
  /** That of the session; unless a person chose another for this checkpoint. */
  readonly sysroot?: vscode.Uri | undefined;
}

/** Registers the *Memory* editor, its commands, and the search of memory. */
export function registerMemory(
  context: vscode.ExtensionContext,
  { checkpoint: explorer }: { readonly checkpoint: CheckpointExplorer },
): MemoryViews {
  const sysroots = new Sysroots();
  const editors = new MemoryEditors(context.extensionUri, sysroots);
  const search = new MemorySearch(editors, sysroots);
  const diffs = new CodeDiffs();

  const open = async (row?: CheckpointRow): Promise<void> => {
    const target = row?.process
      ? { entry: row.entry, pid: row.process.pid }
      : await chooseProcess(explorer, "Open Memory");
    if (target === undefined) return;
    const checkpoint = await target.entry.load();
    if (row?.sysroot && !sysroots.get(target.entry)) await sysroots.choose(target.entry, row.sysroot);
    const place =
      row?.address ?? (row?.mapping && placeIn(row.mapping, await stackPointers(checkpoint, target.pid)));
    editors.open(target.entry, target.pid, place === undefined ? undefined : { address: place, length: 1 });
  };

  /** What a row is, or what a person chooses. */
  const scopeOf = async (row: CheckpointRow | undefined, title: string): Promise<SearchScope | undefined> =>
    row ? { entries: [row.entry], pid: row.process?.pid } : chooseScope(explorer, title);

  const find = async (row?: CheckpointRow, asked?: Asked): Promise<number | undefined> => {
    const scope = await scopeOf(row, "Search Memory");
    return scope && search.run(scope, asked);
  };

  const scan = async (row?: CheckpointRow, rules?: readonly vscode.Uri[]): Promise<number | undefined> => {
    const scope = await scopeOf(row, "Scan Memory with YARA Rules");
    // Menus give their selection here.
    const given = rules?.every((each) => each instanceof vscode.Uri) === true ? rules : undefined;
    return scope && scanYara(search, scope, given);
  };

  const saveAll = async (row?: CheckpointRow, target?: vscode.Uri): Promise<vscode.Uri | undefined> => {
    const chosen = row?.process
      ? { entry: row.entry, pid: row.process.pid }
      : (editors.active ?? (await chooseProcess(explorer, "Save Dumped Memory")));
    if (chosen === undefined) return undefined;
    const memory = openMemory(await chosen.entry.load());
    try {
      return await saveProcess(chosen.entry, await memory.space(chosen.pid), uriOrNone(target));
    } finally {
      await memory.close();
    }
  };

  /** A command for the editor that has the focus. */
  const inEditor = (
    name: string,
    run: (editor: MemoryEditor, target: vscode.Uri | undefined) => Promise<unknown> | unknown,
  ): vscode.Disposable =>
    command(`cryoscope.memory.${name}`, (target?: unknown) => {
      const editor = editors.active;
      return editor && run(editor, uriOrNone(target));
    });

  context.subscriptions.push(
    editors,
    search,
    diffs,
    sysroots,
    explorer.onDidChange(() => {
      const ids = new Set(explorer.openCheckpoints.map(({ id }) => id));
      editors.closeAllBut(ids);
      search.closeAllBut(ids);
      sysroots.closeAllBut(ids);
    }),
    explorer.onDidChangeLock(({ id, isLocked }) => {
      editors.reload(id);
      if (!isLocked) return;
      diffs.close(id);
      search.lock(id, new Set(explorer.openCheckpoints.map((entry) => entry.id)));
    }),
    command("cryoscope.openMemory", open),
    command("cryoscope.searchMemory", find),
    command("cryoscope.scanYara", scan),
    command("cryoscope.showHistory", async (row?: CheckpointRow) => {
      const scope = await scopeOf(row, "Show Shell History");
      return scope && showHistory(search, scope);
    }),
    command("cryoscope.findSecrets", async (row?: CheckpointRow, filter?: unknown) => {
      const scope = await scopeOf(row, "Find Secrets");
      return scope && showSecrets(search, scope, givenOf<MemoryFilter>(filter));
    }),
    command("cryoscope.listStrings", async (row?: CheckpointRow, asked?: unknown) => {
      const scope = await scopeOf(row, "List Strings");
      return scope && showStrings(search, scope, givenOf<AskedStrings>(asked));
    }),
    command("cryoscope.memory.saveProcess", saveAll),
    inEditor("goTo", goTo),
    inEditor("search", async (editor) =>
      search.run({ entries: [editor.entry], pid: editor.pid }, undefined, await placesAt(editor)),
    ),
    inEditor("chooseSysroot", ({ entry }, folder) => sysroots.choose(entry, folder)),
    inEditor("modules", showModules),
    inEditor("heap", (editor) => listHeap(search, editor)),
    inEditor("compareCode", (editor) => diffs.show(editor)),
    inEditor("saveSelection", saveSelection),
    inEditor("saveMapping", saveMapping),
    inEditor("saveModule", saveModule),
    ...(["follow", "back", "forward", "focusMap"] as const).map((act) =>
      inEditor(act, (editor) => {
        editor.act(act);
      }),
    ),
  );
  return { editors, search };
}

/** The mapping that the cursor is in, as a place to search. */
async function placesAt(editor: MemoryEditor): Promise<readonly SearchPlace[]> {
  const area = (await editor.space()).areaAt(editor.selection.address);
  if (area === undefined) return [];
  const { start, end, name, kind } = area;
  const description = `${hex(start)}-${hex(end)} ${name ?? kind}`;
  return [{ label: "The mapping at the cursor", description, filter: { range: { start, end } } }];
}

/** What a caller asks for; menus give their selection here. */
const givenOf = <T extends object>(value: unknown): T | undefined =>
  // Only code of the extension and its tests gives one.
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as T) : undefined;

/** Menus give their row, tests a file. */
const uriOrNone = (target: unknown): vscode.Uri | undefined =>
  target instanceof vscode.Uri ? target : undefined;

import * as vscode from "vscode";
import { openMemory, searchMemory } from "../../memory/index.ts";
import type { CheckpointMemory, MemoryFilter } from "../../memory/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { command } from "../messages.ts";
import { shown } from "./address.ts";
import { MatchesView } from "./matches-view.ts";
import type { FoundMatch, MatchRow, NamedMatch, Things } from "./matches-view.ts";
import type { MemoryEditors } from "./memory-editors.ts";
import { askQuery } from "./query.ts";
import type { Asked } from "./query.ts";
import { filterInWords } from "./place.ts";
import type { SearchPlace } from "./place.ts";
import { processesOf, titleOf } from "./scope.ts";
import type { SearchScope } from "./scope.ts";
import type { Sysroots } from "./sysroots.ts";

const VIEW = "cryoscope.memoryMatches";
/** As many as a person can look through. The command line finds all. */
const MOST = 10_000;
/** Bytes around a match that come with it. */
const CONTEXT = 24;

/** How the view's matches are found: a search, or a scan with rules. */
export interface Look {
  /** For the head of the view. */
  readonly text: string;
  readonly filter: MemoryFilter;
  /** What its lines are called; matches when not given. */
  readonly things?: Things;
  readonly steps: (
    memories: readonly CheckpointMemory[],
    options: {
      readonly filter: MemoryFilter;
      readonly context: number;
      readonly limit: number;
      readonly signal: AbortSignal;
    },
  ) => AsyncIterable<LookStep>;
}

export interface LookStep {
  readonly memory: CheckpointMemory;
  readonly count: number;
  matches(): readonly NamedMatch[];
  readonly searched: number;
  readonly total: number;
  /** What a person should know of the answer, once it is there. */
  readonly remark?: string | undefined;
}

const queryOf =
  ({ query }: Asked): Look["steps"] =>
  (memories, options) =>
    searchMemory(memories, query, options);

/** Searches memory into the view *Memory Matches*. */
export class MemorySearch implements vscode.Disposable {
  readonly matches = new MatchesView();
  readonly #tree: vscode.TreeView<MatchRow>;
  readonly #parts: vscode.Disposable;
  readonly #editors: MemoryEditors;
  readonly #sysroots: Sysroots;
  #running: AbortController | undefined;

  constructor(editors: MemoryEditors, sysroots: Sysroots) {
    this.#editors = editors;
    this.#sysroots = sysroots;
    this.#tree = vscode.window.createTreeView(VIEW, {
      treeDataProvider: this.matches,
      showCollapseAll: true,
    });
    this.#parts = vscode.Disposable.from(
      this.matches,
      this.#tree,
      command("cryoscope.memory.showMatch", (match?: FoundMatch) => {
        if (match) this.#editors.open(match.entry, match.pid, match);
      }),
      command("cryoscope.memory.revealSecret", (match?: FoundMatch) => {
        if (match) this.matches.reveal(match, true);
      }),
      command("cryoscope.memory.hideSecret", (match?: FoundMatch) => {
        if (match) this.matches.reveal(match, false);
      }),
      // By the key there is no row, but what is selected.
      command("cryoscope.memory.copyMatch", async (match?: FoundMatch) => {
        const text = this.matches.copied(match ?? this.#tree.selection[0]);
        if (text !== undefined) await vscode.env.clipboard.writeText(text);
      }),
      command("cryoscope.memory.copyMatchAddress", async (match?: FoundMatch) => {
        if (match) await vscode.env.clipboard.writeText(shown(match.address));
      }),
      command("cryoscope.memory.stopSearch", () => {
        this.#running?.abort();
      }),
      command("cryoscope.memory.clearMatches", () => {
        this.#running?.abort();
        this.matches.clear();
        this.#show(false);
      }),
    );
  }

  /** Asks what to search for unless it is given, and searches. Gives how many matches there are. */
  async run(
    scope: SearchScope,
    given?: Asked,
    places: readonly SearchPlace[] = [],
  ): Promise<number | undefined> {
    const title = titleOf("Search Memory", scope);
    const asked = given ?? (await askQuery(title, await processesOf(scope), places));
    return asked && this.runLook(scope, { text: asked.text, filter: asked.filter, steps: queryOf(asked) });
  }

  /** Looks through memory into the view. Gives how many matches there are. */
  async runLook(scope: SearchScope, look: Look): Promise<number> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.matches.clear(look.things);
    const where = filterInWords(look.filter);
    this.#tree.description = where === "everywhere" ? look.text : `${look.text} · ${where}`;
    this.#tree.message = "Searching…";
    this.#show(true);
    void vscode.commands.executeCommand(`${VIEW}.focus`);
    void vscode.commands.executeCommand("setContext", "cryoscope.memorySearching", true);
    try {
      await vscode.window.withProgress({ location: { viewId: VIEW } }, () =>
        this.#search(scope, look, running.signal),
      );
    } finally {
      if (this.#running === running) {
        this.#running = undefined;
        void vscode.commands.executeCommand("setContext", "cryoscope.memorySearching", false);
      }
    }
    return this.matches.count;
  }

  /** Drops what was found in a checkpoint that is locked now. */
  lock(id: string, open: ReadonlySet<string>): void {
    if (!open.has(id)) return;
    this.#running?.abort();
    this.closeAllBut(new Set([...open].filter((other) => other !== id)));
  }

  closeAllBut(open: ReadonlySet<string>): void {
    const had = this.matches.count;
    this.matches.keepOnly(open);
    if (had > 0 && this.matches.count === 0) this.#show(false);
  }

  dispose(): void {
    this.#running?.abort();
    this.#parts.dispose();
  }

  async #search({ entries, pid }: SearchScope, { steps, filter }: Look, signal: AbortSignal): Promise<void> {
    const memories = new Map<CheckpointMemory, OpenCheckpoint>();
    const narrowed: MemoryFilter = { ...filter, ...(pid !== undefined && { pids: new Set([pid]) }) };
    try {
      for (const entry of entries)
        memories.set(openMemory(await entry.load(signal), { sysroot: this.#sysroots.get(entry) }), entry);
      const options = { filter: narrowed, context: CONTEXT, limit: MOST, signal };
      let remark: string | undefined;
      for await (const step of steps([...memories.keys()], options)) {
        const entry = memories.get(step.memory);
        remark = step.remark;
        if (entry && step.count > 0) this.matches.add(entry, step.matches());
        if (this.matches.count >= MOST) break;
        const share = step.total === 0 ? 100 : Math.floor((step.searched / step.total) * 100);
        this.#say(`Searching… ${Math.min(99, share)} %, ${this.matches.count} found`, signal);
      }
      this.#say(remark === undefined ? this.#summary() : `${this.#summary()} · ${remark}`, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#say("The search failed.", signal);
        throw error;
      }
      // A search that took its place says what it does itself.
      if (this.#running?.signal === signal) this.#tree.message = `Stopped: ${this.#summary()}`;
    } finally {
      for (const memory of memories.keys()) await memory.close();
    }
  }

  #summary(): string {
    const { count } = this.matches;
    if (count === 0) return "Nothing found in the memory that is in the checkpoint.";
    return count >= MOST ? `The first ${this.matches.inWords(MOST)}` : this.matches.inWords(count);
  }

  #say(words: string, signal: AbortSignal): void {
    if (!signal.aborted) this.#tree.message = words;
  }

  /** The view is there while it has something to say. */
  #show(isThere: boolean): void {
    void vscode.commands.executeCommand("setContext", "cryoscope.hasMemoryMatches", isThere);
  }
}

import * as vscode from "vscode";
import type { MemoryMatch } from "../../memory/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { hex } from "./address.ts";

/** More lines than this under one process and the view is slow. */
const LONG = 500;

/** A match, with the name of the rule when it is one's. */
export interface NamedMatch extends Omit<MemoryMatch, "rule"> {
  readonly name?: string;
}

/** What the lines of the view are called. */
export interface Things {
  readonly one: string;
  readonly many: string;
}

const MATCHES: Things = { one: "match", many: "matches" };

/** A match as it is kept: its words, not the memory around it. */
export interface FoundMatch {
  readonly kind: "match";
  readonly entry: OpenCheckpoint;
  readonly pid: number;
  readonly address: bigint;
  readonly length: number;
  /** Context with the match in it, as text. */
  readonly text: string;
  /** Where the match is in the text. */
  readonly at: readonly [from: number, to: number];
  readonly place: string;
  /** The rule that it matches, in a scan with rules. */
  readonly name: string | undefined;
  readonly also: readonly { readonly pid: number; readonly address: bigint }[];
}

interface ProcessMatches {
  readonly kind: "process";
  readonly entry: OpenCheckpoint;
  readonly pid: number;
  readonly matches: FoundMatch[];
}

interface RangeOfMatches {
  readonly kind: "range";
  readonly first: number;
  readonly matches: readonly FoundMatch[];
}

export type MatchRow = FoundMatch | ProcessMatches | RangeOfMatches;

/** The results of a search of memory: by process, each with its context. */
export class MatchesView implements vscode.TreeDataProvider<MatchRow>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  #processes: ProcessMatches[] = [];
  #telling: NodeJS.Timeout | undefined;
  #count = 0;
  #things = MATCHES;

  get count(): number {
    return this.#count;
  }

  /** `3 matches`, or what else the lines are. */
  inWords(count: number): string {
    return `${count} ${count === 1 ? this.#things.one : this.#things.many}`;
  }

  clear(things = MATCHES): void {
    this.#things = things;
    this.#processes = [];
    this.#count = 0;
    this.#tell();
  }

  add(entry: OpenCheckpoint, matches: readonly NamedMatch[]): void {
    for (const match of matches) {
      let group = this.#processes.at(-1);
      if (group?.pid !== match.pid || group.entry !== entry) {
        group = this.#processes.find(({ pid, entry: other }) => pid === match.pid && other === entry);
        if (group === undefined) {
          group = { kind: "process", entry, pid: match.pid, matches: [] };
          this.#processes.push(group);
        }
      }
      group.matches.push(found(entry, match));
      this.#count++;
    }
    this.#tell();
  }

  /** Forgets matches in checkpoints that are no longer open. */
  keepOnly(open: ReadonlySet<string>): void {
    const kept = this.#processes.filter(({ entry }) => open.has(entry.id));
    if (kept.length === this.#processes.length) return;
    this.#processes = kept;
    this.#count = kept.reduce((sum, { matches }) => sum + matches.length, 0);
    this.#tell();
  }

  getChildren(row?: MatchRow): MatchRow[] {
    if (row === undefined) return [...this.#processes];
    if (row.kind === "match") return [];
    if (row.kind === "range" || row.matches.length <= LONG) return [...row.matches];
    const { matches } = row;
    return Array.from({ length: Math.ceil(matches.length / LONG) }, (_, index) => ({
      kind: "range",
      first: index * LONG,
      matches: matches.slice(index * LONG, (index + 1) * LONG),
    }));
  }

  getTreeItem(row: MatchRow): vscode.TreeItem {
    const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    if (row.kind === "range")
      return new vscode.TreeItem(`${row.first + 1} – ${row.first + row.matches.length}`, Collapsed);
    if (row.kind === "match") return matchItem(row);
    const { entry, pid, matches } = row;
    const comm = entry.checkpoint?.process(pid)?.comm ?? "";
    const item = new vscode.TreeItem(`${pid} ${comm}`, Expanded);
    item.id = `${entry.id}/${pid}`;
    const name = entry.checkpoint?.container.name ?? entry.checkpoint?.name ?? "";
    item.description = `${this.inWords(matches.length)} · ${name}`;
    item.iconPath = new vscode.ThemeIcon("server-process");
    return item;
  }

  dispose(): void {
    clearTimeout(this.#telling);
    this.#changed.dispose();
  }

  /** A search finds faster than a tree draws. */
  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#changed.fire(undefined);
    }, 150);
  }
}

/** Bytes as text: what ASCII doesn't print is a dot. */
const printed = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");

/** As much of a match as a line has room for. */
const LONGEST = 160;

function found(entry: OpenCheckpoint, match: NamedMatch): FoundMatch {
  const { name, pid, address, length, space, before, bytes, after, sightings } = match;
  const area = space.areaAt(address);
  const inside = printed(bytes.subarray(0, LONGEST));
  const head = printed(before);
  return {
    kind: "match",
    entry,
    pid,
    address,
    length,
    text: head + inside + (bytes.length > LONGEST ? "…" : printed(after)),
    at: [head.length, head.length + inside.length],
    name,
    place: area ? `${area.permissions} ${area.name ?? area.kind}` : "",
    also: sightings.slice(1),
  };
}

function matchItem(match: FoundMatch): vscode.TreeItem {
  const { text, at, place, address, also, pid, name } = match;
  const item = new vscode.TreeItem({ label: text, highlights: [[at[0], at[1]]] });
  const words = `${name === undefined ? "" : `${name} · `}${hex(address)} ${place}`;
  item.description = words;
  const others = also.map((other) => `process ${other.pid} at ${hex(other.address)}`);
  item.tooltip = [
    words,
    ...(others.length > 0 ? ["The same memory is mapped elsewhere:", ...others] : []),
  ].join("\n");
  item.accessibilityInformation = {
    label: `${name === undefined ? "" : `${name}, `}${text.slice(at[0], at[1])}, process ${pid}, address ${hex(address)}, ${place}`,
  };
  item.contextValue = "memoryMatch";
  item.command = { command: "cryoscope.memory.showMatch", title: "Show in Memory", arguments: [match] };
  return item;
}

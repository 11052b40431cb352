import * as vscode from "vscode";
import type { MemoryMatch } from "../../memory/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { hex } from "./address.ts";

/** More lines than this under one process and the view is slow. */
const LONG = 500;

/** A match, with the name of the rule when it is one's. */
export interface NamedMatch extends Omit<MemoryMatch, "rule"> {
  readonly name?: string;
  /** More of it, for its tooltip. */
  readonly note?: string;
  /** What is shown instead of its bytes until a person asks for them. */
  readonly secret?: { readonly masked: string; readonly value: string };
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
  readonly note: string | undefined;
  readonly secret: { readonly masked: string; readonly value: string } | undefined;
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
  /** Secrets that a person asked to see. */
  readonly #revealed = new Set<FoundMatch>();

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
    this.#revealed.clear();
    this.#tell();
  }

  /** Shows what a secret is, or hides it again. */
  reveal(match: FoundMatch, isShown: boolean): void {
    if (isShown) this.#revealed.add(match);
    else this.#revealed.delete(match);
    this.#tell();
  }

  /** What copying a row gives: the line, or a secret that was asked for; a hidden one stays hidden. */
  copied(row: MatchRow | undefined): string | undefined {
    if (row?.kind !== "match") return undefined;
    return row.secret && this.#revealed.has(row) ? row.secret.value : row.text;
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
    if (row.kind === "match") return matchItem(this.#revealed.has(row) ? unmasked(row) : row);
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
/** As much of a secret as is kept to be shown: there may be thousands, each as long as a key. */
const MAX_VALUE = 4096;

function found(entry: OpenCheckpoint, match: NamedMatch): FoundMatch {
  const { name, note, secret, pid, address, length, space, before, bytes, after, sightings } = match;
  const area = space.areaAt(address);
  const inside = secret?.masked ?? printed(bytes.subarray(0, LONGEST));
  // What stands before a secret may be half of it.
  const head = secret ? "" : printed(before);
  const tail = secret ? "" : bytes.length > LONGEST ? "…" : printed(after);
  return {
    kind: "match",
    entry,
    pid,
    address,
    length,
    text: head + inside + tail,
    at: [head.length, head.length + inside.length],
    name,
    place: area ? `${area.permissions} ${area.name ?? area.kind}` : "",
    also: sightings.slice(1),
    note,
    // Copied, so that it doesn't hold the text it was found in.
    secret: secret && {
      masked: secret.masked,
      value: Buffer.from(secret.value.slice(0, MAX_VALUE)).toString(),
    },
  };
}

/** The same with what it hides, on one line. */
function unmasked(match: FoundMatch): FoundMatch {
  const { secret } = match;
  if (secret === undefined) return match;
  const text = secret.value.replaceAll(/\r?\n/g, "⏎").replaceAll(/[^\x20-\x7e⏎]/g, "·");
  return { ...match, text, at: [0, text.length] };
}

function matchItem(match: FoundMatch): vscode.TreeItem {
  const { text, at, place, address, also, pid, name, note, secret } = match;
  // A line that is nothing but the match needs no mark.
  const isWhole = at[0] === 0 && at[1] === text.length;
  const item = new vscode.TreeItem({ label: text, highlights: isWhole ? [] : [[at[0], at[1]]] });
  const words = `${name === undefined ? "" : `${name} · `}${hex(address)} ${place}`;
  item.description = words;
  const others = also.map((other) => `process ${other.pid} at ${hex(other.address)}`);
  item.tooltip = [
    ...(note === undefined ? [] : [note]),
    words,
    ...(others.length > 0 ? ["The same memory is mapped elsewhere:", ...others] : []),
  ].join("\n");
  item.accessibilityInformation = {
    label: `${name === undefined ? "" : `${name}, `}${text.slice(at[0], at[1])}, process ${pid}, address ${hex(address)}, ${place}`,
  };
  item.contextValue =
    secret === undefined
      ? "memoryMatch"
      : text === secret.masked
        ? "memorySecret.masked"
        : "memorySecret.shown";
  item.command = { command: "cryoscope.memory.showMatch", title: "Show in Memory", arguments: [match] };
  return item;
}

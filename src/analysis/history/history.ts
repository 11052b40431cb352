// Lines that were typed into bash, or another program with GNU readline, out of its heap (lib/readline/history.c:
// HIST_ENTRY { char *line; char *timestamp; histdata_t data; }, and an array of pointers to them). The way is
// Volatility's `linux.bash`: find times, then what points to them.
import { setImmediate } from "node:timers/promises";
import { openWords, searchMemory } from "../../memory/index.ts";
import type { AddressSpace, Area, CheckpointMemory, Words } from "../../memory/index.ts";

/** One line of a history. */
export interface HistoryLine {
  /** Of its HIST_ENTRY. */
  readonly address: bigint;
  /** Of its text. */
  readonly lineAddress: bigint;
  readonly text: string;
  /** Seconds since 1970; undefined where none was kept. */
  readonly time: bigint | undefined;
  /** Its number in the list, from 1 on; undefined for an entry that the list doesn't have (any more). */
  readonly number: number | undefined;
}

const TIME = "#[0-9]{1,12}\\x00";
const MAX_TIMES = 200_000;
const MAX_ENTRIES = 100_000;
const MAX_LINE = 64 * 1024;
const STEP = 1024 * 1024;
/** Memory that is looked through for a list without times, which is slower. */
const MAX_SLOW = 64 * 1024 * 1024;
/** Entries in a row that make a list. */
const MIN_LIST = 3;
const TURN_MS = 8;

/** Whether the process is a shell, or has readline. */
export const keepsHistory = ({ areas }: AddressSpace): boolean =>
  areas.some(({ name }) => /\/(?:r?bash|sh)$|\/libreadline[.-]/.test(name ?? ""));

/** The history of a process: what its list has, in order, then what else is left of one. 64-bit machines only. */
export async function readHistory(
  memory: CheckpointMemory,
  pid: number,
  signal?: AbortSignal,
): Promise<readonly HistoryLine[]> {
  const space = await memory.space(pid);
  const reader = new HistoryReader(space, signal);
  const query = { kind: "regex", text: TIME, matchCase: true } as const;
  const filter = { pids: new Set([pid]), kinds: new Set(["heap", "anonymous"] as const), protection: "rw" };
  for await (const step of searchMemory([memory], query, {
    filter,
    limit: MAX_TIMES,
    context: 1,
    threads: 1,
    signal,
  }))
    for (const { address, bytes } of step.matches())
      reader.times.set(address, BigInt(Buffer.from(bytes).toString("latin1").slice(1, -1)));
  return reader.read();
}

class HistoryReader {
  /** Times by the address of their text. */
  readonly times = new Map<bigint, bigint>();
  readonly #words: Words;
  readonly #space: AddressSpace;
  readonly #areas: ReadonlySet<Area>;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<bigint, HistoryLine | undefined>();

  constructor(space: AddressSpace, signal?: AbortSignal) {
    this.#words = openWords(space);
    this.#space = space;
    this.#signal = signal;
    this.#areas = new Set(
      space.areas.filter(
        ({ kind, permissions }) => (kind === "heap" || kind === "anonymous") && permissions.startsWith("rw"),
      ),
    );
  }

  async read(): Promise<readonly HistoryLine[]> {
    const entries = new Set<bigint>();
    for await (const address of this.#placesOf(this.times)) {
      const entry = await this.#entryAt(address - 8n);
      if (entry && entries.size < MAX_ENTRIES) entries.add(entry.address);
    }
    const list = entries.size > 0 ? await this.#listOf(entries) : await this.#listWithoutTimes();
    const listed = new Set(list.map(({ address }) => address));
    const others: HistoryLine[] = [];
    for (const address of entries) {
      const entry = await this.#entryAt(address);
      if (entry && !listed.has(address)) others.push(entry);
    }
    const byTime = (a: HistoryLine, b: HistoryLine): number => Number((a.time ?? 0n) - (b.time ?? 0n));
    return [...list, ...others.toSorted(byTime)];
  }

  /** The HIST_ENTRY at `address`, when it looks like one. */
  async #entryAt(address: bigint): Promise<HistoryLine | undefined> {
    if (this.#known.has(address)) return this.#known.get(address);
    const entry = await this.#readEntry(address);
    if (this.#known.size < MAX_ENTRIES) this.#known.set(address, entry);
    return entry;
  }

  async #readEntry(address: bigint): Promise<HistoryLine | undefined> {
    if (address % 8n !== 0n) return undefined;
    const [line, time] = [await this.#words.at(address), await this.#words.at(address + 8n)];
    if (line === undefined || time === undefined || !this.#isInHeap(line)) return undefined;
    if (time !== 0n && !this.times.has(time)) return undefined;
    const text =
      lineOf(await this.#words.bytes(line, 256)) ?? lineOf(await this.#words.bytes(line, MAX_LINE));
    return text === undefined
      ? undefined
      : { address, lineAddress: line, text, time: this.times.get(time), number: undefined };
  }

  #isInHeap(address: bigint): boolean {
    const area = this.#space.areaAt(address);
    return area !== undefined && this.#areas.has(area);
  }

  /** The array that has the most of the entries, with what else is in it, in its order. */
  async #listOf(entries: ReadonlySet<bigint>): Promise<readonly HistoryLine[]> {
    let best: readonly HistoryLine[] = [];
    let seenUntil = 0n;
    for await (const address of this.#placesOf(entries)) {
      if (address < seenUntil) continue;
      const { list, end } = await this.#listAround(address);
      seenUntil = end;
      if (list.length > best.length) best = list;
    }
    return best;
  }

  async #listAround(
    address: bigint,
  ): Promise<{ readonly list: readonly HistoryLine[]; readonly end: bigint }> {
    let start = address;
    while (await this.#pointsToEntry(start - 8n)) start -= 8n;
    const list: HistoryLine[] = [];
    let at = start;
    for (; list.length < MAX_ENTRIES; at += 8n) {
      const entry = await this.#pointsToEntry(at);
      if (entry === undefined) break;
      list.push({ ...entry, number: list.length + 1 });
    }
    return { list, end: at };
  }

  async #pointsToEntry(address: bigint): Promise<HistoryLine | undefined> {
    const pointer = await this.#words.at(address);
    return pointer === undefined || !this.#isInHeap(pointer) ? undefined : this.#entryAt(pointer);
  }

  /** An array of entries without times: several in a row, and zero behind them. */
  async #listWithoutTimes(): Promise<readonly HistoryLine[]> {
    let best: readonly HistoryLine[] = [];
    let left = MAX_SLOW;
    for (const { start, end } of this.#areas) {
      if (Number(end - start) > left) continue;
      left -= Number(end - start);
      let turn = performance.now();
      for (let at = start; at < end; at += 8n) {
        if ((await this.#pointsToEntry(at)) === undefined) continue;
        const { list, end: behind } = await this.#listAround(at);
        at = behind;
        if (list.length > best.length && (await this.#words.at(behind)) === 0n) best = list;
        if (performance.now() - turn < TURN_MS) continue;
        this.#signal?.throwIfAborted();
        await setImmediate();
        turn = performance.now();
      }
    }
    return best.length >= MIN_LIST ? best : [];
  }

  /** Where in the heap words are that `wanted` has. */
  async *#placesOf(wanted: {
    has(value: bigint): boolean;
    keys(): Iterable<bigint>;
  }): AsyncGenerator<bigint> {
    const low = new Set<number>();
    for (const value of wanted.keys()) low.add(Number(value & 0xffffffffn));
    if (low.size === 0) return;
    for (const { start, end } of this.#areas)
      for (let at = start; at < end; at += BigInt(STEP)) {
        this.#signal?.throwIfAborted();
        const length = Number(end - at < BigInt(STEP) ? end - at : BigInt(STEP));
        for (const { address, bytes, origin } of await this.#space.read(at, length)) {
          if (bytes === undefined || origin.kind === "zero") continue;
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
            // Comparing halves first: words as bigint are slow.
            if (!low.has(view.getUint32(offset, true))) continue;
            if (wanted.has(view.getBigUint64(offset, true))) yield address + BigInt(offset);
          }
        }
      }
  }
}

/** Text up to its zero byte; undefined for what nobody typed, or when it doesn't end here. */
function lineOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  if (end <= 0) return undefined;
  const line = bytes.subarray(0, end);
  if (line.some((byte) => (byte < 32 && byte !== 9 && byte !== 10) || byte === 127)) return undefined;
  const text = Buffer.from(line).toString("utf8");
  return text.includes("\ufffd") ? undefined : text;
}

// A folder with a file for each process that has made something, by which the next one sees to what that one left.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engine/index.ts";
import { giveBack } from "./leftovers.ts";
import type { Leftover, Note } from "./leftovers.ts";
import { processIdentity, stillRuns } from "./process-identity.ts";

interface Noted {
  readonly what: Leftover;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** So long after it was noted an engine may still be making it, or ending a freeze of what was held. */
const SETTLED_MILLISECONDS = 120_000;
/** Milliseconds until the next look, and the one after it. In all that is longer than it takes to settle. */
const WAITS: readonly number[] = [2000, 4000, 8000, 16_000, ...Array<number>(5).fill(30_000)];
/** Milliseconds between the looks after those, for what is with an engine that doesn't answer. */
const AWAY = 300_000;
const MAX_RECORD = 1024 * 1024;
/** Of a process: its identity, and which of those that it has taken over. */
const RECORD = /^(\d+(?:-\d+){0,2})(?:\.[0-9a-f-]{36})?\.json$/;

export interface RecordsOptions {
  /** The identity under which is written; this process's. */
  readonly self?: string;
  /** Milliseconds; two minutes. */
  readonly settled?: number;
  /** Milliseconds until each further look; some minutes in all. */
  readonly waits?: readonly number[];
  /** Milliseconds between the looks after those; five minutes. */
  readonly away?: number;
}

/**
 * What the sessions of this process have made and not yet given back. Each process writes its own file, before anything is
 * made, and takes over the files of those that are no more by renaming them: of two that come at once only one can.
 */
export class LeftoverRecords {
  private readonly self: string;
  private readonly settled: number;
  private readonly waits: readonly number[];
  private readonly away: number;
  private readonly current = new Set<Noted>();
  private saving: Promise<void> = Promise.resolve();
  private sweeping: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `engines` gives those that answer now; those at the endpoints that are `wanted` may have come since it was last asked. */
  constructor(
    private readonly folder: string,
    private readonly engines: (wanted: readonly string[]) => Promise<readonly Engine[]>,
    { self, settled = SETTLED_MILLISECONDS, waits = WAITS, away = AWAY }: RecordsOptions = {},
  ) {
    this.self = self ?? processIdentity(process.pid) ?? String(process.pid);
    this.settled = settled;
    this.waits = waits;
    this.away = away;
  }

  /** Resolves when it is on the disk. Throws what writing there throws: what can't be noted isn't made. */
  readonly note: Note = async (what) => {
    const noted = { what, time: Date.now() };
    this.current.add(noted);
    try {
      await this.save();
    } catch (error) {
      this.current.delete(noted);
      throw error;
    }
    let struck: Promise<void> | undefined;
    return (settling) =>
      (struck ??= (async () => {
        // Written before it is taken away here: it is noted all the time. What stays written though it is gone will be
        // looked for in vain: no reason to fail what was done.
        if (settling) await this.write(this.ownName(), [noted]).catch(() => undefined);
        this.current.delete(noted);
        await this.save().catch(() => undefined);
        if (settling) this.lookLater(1);
      })());
  };

  /**
   * Gives back what processes left that are no more. What an engine may still be making is looked for again later, by itself,
   * for some minutes, and then waits for the next call; what is with an engine that doesn't answer is looked for until it does.
   */
  sweep(): Promise<void> {
    return this.look(1);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private look(count: number): Promise<void> {
    clearTimeout(this.timer);
    this.sweeping ??= this.sweepNow(count).finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  private async sweepNow(count: number): Promise<void> {
    const records = await this.records();
    const living = new Set<string>();
    const taken: string[] = [];
    for (const { name, owner } of records)
      if (owner !== this.self && stillRuns(owner))
        for (const { what } of (await this.read(name)) ?? []) living.add(key(what));
      else taken.push(owner === this.self ? name : await this.takeOver(name));
    const own = `${this.self}.json`;
    const left = taken.filter((name) => name !== "" && name !== own);
    if (left.length === 0) return;
    const all = await Promise.all(left.map(async (name) => ({ name, noted: await this.read(name) })));
    const usable = await this.engines(endpointsOf(all.flatMap(({ noted = [] }) => noted)));
    let again = false;
    let isAway = false;
    for (const { name, noted } of all) {
      if (noted === undefined) {
        again = true;
        continue;
      }
      const rest: Noted[] = [];
      for (const one of noted) {
        const { what, time } = one;
        const isUsed =
          living.has(key(what)) || [...this.current].some((each) => key(each.what) === key(what));
        const result = isUsed ? "gone" : await giveBack(what, usable);
        if (result === "gone" || (result === "settling" && Date.now() - time >= this.settled)) continue;
        rest.push(one);
        again = true;
        // This process has the record by now: no other one looks for it.
        isAway ||= result === "unreachable";
      }
      await this.write(name, rest);
    }
    if (isAway || (again && count <= this.waits.length)) this.lookLater(count);
  }

  private lookLater(count: number): void {
    clearTimeout(this.timer);
    const wait = this.waits[count - 1] ?? this.away;
    this.timer = setTimeout(() => void this.look(count + 1).catch(() => undefined), wait);
    this.timer.unref();
  }

  private async records(): Promise<readonly { readonly name: string; readonly owner: string }[]> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names)
      if (/^\d.*\.json\.part$/.test(name) && !stillRuns(name.split(".")[0] ?? ""))
        await rm(join(this.folder, name), { force: true });
    return names.flatMap((name) => {
      const owner = RECORD.exec(name)?.[1];
      return owner === undefined ? [] : [{ name, owner }];
    });
  }

  /** Of a record of what is to be given back. */
  private ownName(): string {
    return `${this.self}.${randomUUID()}.json`;
  }

  /** The name that a record has from now on; empty when another process was quicker. */
  private async takeOver(name: string): Promise<string> {
    const ours = this.ownName();
    return rename(join(this.folder, name), join(this.folder, ours)).then(
      () => ours,
      () => "",
    );
  }

  /** What a record says, without what isn't of its form; undefined when it can't be read now. */
  private async read(name: string): Promise<readonly Noted[] | undefined> {
    const text = await readFile(join(this.folder, name), "utf8").catch((error: unknown) =>
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : undefined,
    );
    if (text === undefined) return undefined;
    if (text.length > MAX_RECORD) return [];
    try {
      const value: unknown = JSON.parse(text);
      return Array.isArray(value) ? value.flatMap(parsed) : [];
    } catch {
      return [];
    }
  }

  /** One after the other, each what is noted by then. */
  private save(): Promise<void> {
    const saved = this.saving.then(() => this.write(`${this.self}.json`, [...this.current]));
    this.saving = saved.catch(() => undefined);
    return saved;
  }

  private async write(name: string, noted: readonly Noted[]): Promise<void> {
    const file = join(this.folder, name);
    if (noted.length === 0) return rm(file, { force: true });
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    // Whole, or as it was: it may be the last that this process does.
    await writeFile(`${file}.part`, JSON.stringify(noted), { mode: 0o600 });
    await rename(`${file}.part`, file);
  }
}

const endpointsOf = (noted: readonly Noted[]): readonly string[] =>
  noted.flatMap(({ what }) => ("endpoint" in what ? [what.endpoint] : []));

const key = (what: Leftover): string => JSON.stringify(Object.entries(what).sort());

function parsed(value: unknown): readonly Noted[] {
  if (typeof value !== "object" || value === null || !("what" in value) || !("time" in value)) return [];
  const { what, time } = value;
  if (typeof time !== "number" || typeof what !== "object" || what === null) return [];
  const { kind, endpoint, name, container, path } = what as Readonly<Record<string, unknown>>;
  if (kind === "files" && typeof path === "string") return [{ time, what: { kind, path } }];
  if (typeof endpoint !== "string") return [];
  if (kind === "copy" && typeof name === "string") return [{ time, what: { kind, endpoint, name } }];
  if (kind === "held" && typeof container === "string")
    return [{ time, what: { kind, endpoint, container } }];
  return [];
}

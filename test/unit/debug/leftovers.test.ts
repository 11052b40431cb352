// Real files and processes; only the engines are made up, whose copies would need a container each.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOurs, LeftoverRecords, processIdentity, stillRuns } from "../../../src/debug/index.ts";
import type { Leftover } from "../../../src/debug/index.ts";
import type { Engine } from "../../../src/engine/index.ts";

/** An engine with containers of these names, and those that were removed of it. */
function engineWith(endpoint: string, ...names: string[]) {
  const removed: string[] = [];
  const engine = {
    endpoint,
    list: () =>
      Promise.resolve(names.filter((name) => !removed.includes(name)).map((name) => ({ id: name, name }))),
    remove: (id: string) => {
      removed.push(id);
      return Promise.resolve();
    },
  } as unknown as Engine;
  return { engine, names, removed, all: () => Promise.resolve([engine]) };
}

const none = (): Promise<readonly Engine[]> => Promise.resolve([]);
/** Of a process that is no more. */
const GONE = "4194305-1";
const COPY = "web-debug-0a1b2c3d";
const copy = (endpoint: string, name = COPY): Leftover => ({ kind: "copy", endpoint, name });

describe("what a window made that was killed", function () {
  let folder: string;
  const records: LeftoverRecords[] = [];

  /** A window's; what isn't there is taken to be settled. */
  const window = (engines = none, self?: string): LeftoverRecords => {
    const one = new LeftoverRecords(folder, engines, { settled: 0, ...(self !== undefined && { self }) });
    records.push(one);
    return one;
  };

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "cryoscope-left-")), "sessions");
  });
  afterEach(async () => {
    for (const one of records.splice(0)) one.dispose();
    await rm(join(folder, ".."), { recursive: true });
  });

  it("is a copy of a container: the next one removes it, once, and no other", async () => {
    const { all, engine, removed } = engineWith("unix:///a", "web", COPY, "web-debug-ffffffff");
    await window(none, GONE).note(copy(engine.endpoint));
    const next = window(all);
    await next.sweep();
    await next.sweep();
    await window(all).sweep();
    assert.deepEqual(removed, [COPY]);
    assert.deepEqual(await readdir(folder), []);
  });

  it("is nothing once it was given back", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    const gone = await window(none, GONE).note(copy(engine.endpoint));
    await gone();
    assert.deepEqual(await readdir(folder), []);
    await window(all).sweep();
    assert.deepEqual(removed, []);
  });

  it("stays noted until its engine answers", async () => {
    const { all, engine, removed } = engineWith("unix:///away", COPY);
    await window(none, GONE).note(copy(engine.endpoint));
    await window(none).sweep();
    assert.deepEqual(removed, []);
    await window(all).sweep();
    assert.deepEqual(removed, [COPY]);
  });

  it("stays noted while its engine is away, however long: it is looked for until that answers", async () => {
    const { engine, removed } = engineWith("unix:///away", COPY);
    await window(none, GONE).note(copy(engine.endpoint));
    const asked: (readonly string[])[] = [];
    const later = (wanted: readonly string[]) => Promise.resolve(asked.push(wanted) > 6 ? [engine] : []);
    const next = new LeftoverRecords(folder, later, { settled: 0, waits: [1, 1], away: 5 });
    records.push(next);
    await next.sweep();
    assert.deepEqual(asked, [[engine.endpoint]]);
    for (const end = Date.now() + 30_000; removed.length === 0 && Date.now() < end;)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(removed, [COPY]);
    assert.ok(asked.length >= 7);
  }).timeout(60_000);

  it("is left alone while it lives, as another window does: all have the same folder", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      const identity = processIdentity(other.pid ?? 0);
      assert.ok(identity);
      await window(none, identity).note(copy(engine.endpoint));
      await window(all).sweep();
      assert.deepEqual(removed, []);
      const killed = once(other, "exit");
      other.kill("SIGKILL");
      await killed;
      assert.equal(stillRuns(identity), false);
      await window(all).sweep();
      assert.deepEqual(removed, [COPY]);
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("is left alone where its process can't be seen, as in another dev container with the same home", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    const elsewhere = `${GONE.split("-")[0] ?? ""}-1-1`;
    await window(none, elsewhere).note(copy(engine.endpoint));
    await window(all).sweep();
    assert.deepEqual(removed, []);
  });

  it("is taken over by one of two windows that come at the same time", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    await window(none, GONE).note(copy(engine.endpoint));
    const [one, two] = [window(all), window(all, processIdentity(process.ppid))];
    await Promise.all([one.sweep(), two.sweep()]);
    assert.deepEqual(removed, [COPY]);
  });

  it("is a copy that its engine ends making later: it is looked for again, by itself", async () => {
    const { all, engine, names, removed } = engineWith("unix:///a");
    const next = new LeftoverRecords(folder, all);
    records.push(next);
    await window(none, GONE).note(copy(engine.endpoint));
    await next.sweep();
    names.push(COPY);
    for (const end = Date.now() + 30_000; removed.length === 0 && Date.now() < end;)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(removed, [COPY]);
  }).timeout(60_000);

  it("is a copy that nobody waits for any more: its own window looks for it until it is settled", async () => {
    const { all, engine, names, removed } = engineWith("unix:///a");
    const own = new LeftoverRecords(folder, all);
    records.push(own);
    const gone = await own.note(copy(engine.endpoint));
    await gone("settling");
    assert.equal((await readdir(folder)).length, 1);
    names.push(COPY);
    for (const end = Date.now() + 30_000; removed.length === 0 && Date.now() < end;)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(removed, [COPY]);
  }).timeout(60_000);

  it("is asked to be removed again after a failure", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    const remove = engine.remove;
    await window(none, GONE).note(copy(engine.endpoint));
    Object.assign(engine, { remove: () => Promise.reject(new Error("in use")) });
    const next = window(all);
    await next.sweep();
    assert.equal((await readdir(folder)).length, 1);
    Object.assign(engine, { remove });
    await next.sweep();
    assert.deepEqual(removed, [COPY]);
    assert.deepEqual(await readdir(folder), []);
  });

  it("is files and folders that bear a name of ours, and nothing else that a record names", async () => {
    const old = window(none, GONE);
    const place = join(folder, "..");
    const uuid = randomUUID();
    const ours = [`web.tar.${uuid}.part`, `cryoscope-program-${uuid}`, `checkpoints/stopped-${uuid}`];
    const theirs = ["web.tar", `stopped-${uuid}`, "cryoscope-program", "web.tar.part"];
    await mkdir(join(place, "checkpoints"));
    for (const name of [...ours, ...theirs]) {
      if (/tar/.test(name)) await writeFile(join(place, name), "x");
      else await mkdir(join(place, name, "inner"), { recursive: true });
      await old.note({ kind: "files", path: join(place, name) });
    }
    const far = `${place}/checkpoints/../web.tar.${uuid}.part`;
    assert.equal(isOurs({ kind: "files", path: far }), false);
    assert.equal(isOurs({ kind: "files", path: `web.tar.${uuid}.part` }), false);
    await window(none).sweep();
    assert.deepEqual(
      [...ours, ...theirs].filter((name) => existsSync(join(place, name))),
      theirs,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it("is never a container that doesn't have a copy's name", async () => {
    const { all, engine, removed } = engineWith("unix:///a", "web");
    await window(none, GONE).note(copy(engine.endpoint, "web"));
    await window(all).sweep();
    assert.deepEqual(removed, []);
  });

  it("is a container that it held: that is let go, and stays", async () => {
    const { asked, all, removed, id, endpoint } = heldEngine();
    await window(none, GONE).note({ kind: "held", endpoint, container: id });
    await window(all).sweep();
    assert.deepEqual([asked, removed], [[id], []]);
    assert.deepEqual(await readdir(folder), []);
  });

  it("is no container that a session of a living window holds by now", async () => {
    const { asked, all, id, endpoint } = heldEngine();
    await window(none, GONE).note({ kind: "held", endpoint, container: id });
    const next = window(all);
    await next.note({ kind: "held", endpoint, container: id });
    await next.sweep();
    assert.deepEqual(asked, []);
  });

  it("is read from what is left of a record that is broken", async () => {
    const { all, engine, removed } = engineWith("unix:///a", COPY);
    await window(none, GONE).note(copy(engine.endpoint));
    const file = join(folder, `${GONE}.json`);
    const noted = JSON.parse(await readFile(file, "utf8")) as unknown[];
    await writeFile(file, JSON.stringify([null, 1, { what: { kind: "copy" }, time: 1 }, ...noted]));
    await writeFile(join(folder, "4194306-1.json"), "[{");
    await writeFile(join(folder, "4194306-1.json.part"), "[{");
    await window(all).sweep();
    assert.deepEqual(removed, [COPY]);
    assert.deepEqual(await readdir(folder), []);
  });
});

function heldEngine() {
  const id = "c".repeat(64);
  const asked: string[] = [];
  const made = engineWith("unix:///a", id);
  Object.assign(made.engine, {
    capabilities: {},
    inspect: () => Promise.resolve({ id, name: "web", state: "paused", argv: [] }),
    holds: { resume: (container: string) => Promise.resolve(void asked.push(container)) },
  });
  return { ...made, asked, id, endpoint: made.engine.endpoint };
}

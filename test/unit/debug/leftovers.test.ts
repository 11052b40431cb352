import assert from "node:assert/strict";
import type * as vscode from "vscode";
import type { Engine } from "../../../src/engine/index.ts";
import { Leftovers } from "../../../src/vscode/debug/leftovers.ts";
import type { Engines } from "../../../src/vscode/engines/index.ts";

/** What a window keeps, as the next one finds it. */
class Kept implements vscode.Memento {
  constructor(private readonly values = new Map<string, unknown>()) {}
  keys(): readonly string[] {
    return [...this.values.keys()];
  }
  get<T>(key: string, otherwise?: T): T {
    return (this.values.get(key) ?? otherwise) as T;
  }
  update(key: string, value: unknown): Promise<void> {
    this.values.set(key, structuredClone(value));
    return Promise.resolve();
  }
}

/** An engine with containers of these names, and those that were removed of it. */
function engineWith(endpoint: string, ...names: readonly string[]) {
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
  return { engine, removed };
}

const all = (...engines: readonly Engine[]): Engines =>
  ({ usable: () => Promise.resolve(engines) }) as unknown as Engines;

/** Of a process that is no more. */
const GONE = "4194305 1";

describe("copies that a window left when it crashed", () => {
  const COPY = "web-debug-0a1b2c3d";

  it("are removed by the next one, and no other container is", async () => {
    const memento = new Kept();
    const { engine, removed } = engineWith("unix:///a", "web", COPY, "web-debug-ffffffff");
    await new Leftovers(memento, GONE).note(engine, COPY);
    const next = new Leftovers(memento);
    await next.sweep(all(engine));
    await next.sweep(all(engine));
    assert.deepEqual(removed, [COPY]);
    await new Leftovers(memento).sweep(all(engine));
    assert.deepEqual(removed, [COPY], "it was noted for longer than it was there");
  });

  it("are none once they were given back", async () => {
    const memento = new Kept();
    const { engine, removed } = engineWith("unix:///a", COPY);
    const gone = await new Leftovers(memento, GONE).note(engine, COPY);
    await gone();
    await new Leftovers(memento).sweep(all(engine));
    assert.deepEqual(removed, []);
  });

  it("stay noted until their engine answers, and never name what isn't a copy", async () => {
    const memento = new Kept();
    const away = engineWith("unix:///away", COPY);
    const here = engineWith("unix:///here", "web");
    const window = new Leftovers(memento, GONE);
    await window.note(away.engine, COPY);
    await window.note(here.engine, "web");
    await new Leftovers(memento).sweep(all(here.engine));
    assert.deepEqual([here.removed, away.removed], [[], []]);
    await new Leftovers(memento).sweep(all(here.engine, away.engine));
    assert.deepEqual([here.removed, away.removed], [[], [COPY]]);
  });

  it("are left alone while the window that made them lives: both may have the same workspace", async () => {
    const memento = new Kept();
    const { engine, removed } = engineWith("unix:///a", COPY);
    await new Leftovers(memento).note(engine, COPY);
    await new Leftovers(memento).sweep(all(engine));
    assert.deepEqual(removed, []);
    // … and noted for one that comes later.
    assert.match(JSON.stringify(memento.get("cryoscope.copies")), new RegExp(COPY));
  });
});

describe("a container that a window held when it crashed", () => {
  const ID = "c".repeat(64);

  it("is let go by the next one, and not removed", async () => {
    const memento = new Kept();
    const { engine, removed } = engineWith("unix:///a", ID);
    const asked: string[] = [];
    const details = { id: ID, name: "web", state: "paused", argv: [] };
    Object.assign(engine, {
      capabilities: {},
      inspect: () => Promise.resolve(details),
      holds: { resume: (id: string) => Promise.resolve(void asked.push(id)) },
    });
    await new Leftovers(memento, GONE).noteHeld(engine, ID);
    const next = new Leftovers(memento);
    assert.equal(next.any, true);
    await next.sweep(all(engine));
    assert.deepEqual([asked, removed], [[ID], []]);
    assert.equal(new Leftovers(memento).any, false);
  });
});

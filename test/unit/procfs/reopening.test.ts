// Checkpoints behind folders of a workspace: reopened on demand, gone when closed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { CheckpointFolders } from "../../../src/vscode/checkpoint/files/checkpoint-folders.ts";
import { KnownSources } from "../../../src/vscode/checkpoint/files/known-sources.ts";
import { fixture } from "../fixtures.ts";

/** The list of open checkpoints, as the explorer keeps it. */
class OpenList {
  readonly #entries = new Map<
    string,
    { readonly id: string; isLocked: boolean; load(): Promise<Checkpoint> }
  >();
  #listener: () => void = () => undefined;
  loads = 0;

  get all(): readonly { readonly id: string }[] {
    return [...this.#entries.values()];
  }
  get(id: string) {
    return this.#entries.get(id);
  }
  onDidChange(listener: () => void) {
    this.#listener = listener;
    return { dispose: () => (this.#listener = () => undefined) };
  }
  open(id: string, load: () => Promise<Checkpoint>): void {
    const counted = (): Promise<Checkpoint> => {
      this.loads++;
      return load();
    };
    this.#entries.set(id, { id, isLocked: false, load: counted });
  }
  lock(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.isLocked = true;
    this.#listener();
  }
  close(id: string): void {
    this.#entries.delete(id);
    this.#listener();
  }
}

const isClosed = (error: unknown): boolean =>
  error instanceof CryoscopeError && error.code === "explorer.notOpen";

describe("the folder of a checkpoint in the workspace", () => {
  const load = async (): Promise<Checkpoint> =>
    openCheckpoint(await openTree(join(await fixture("corpus/a-single"), "img")));

  it("opens its checkpoint when it is first looked at, and once only", async () => {
    const list = new OpenList();
    const folders = new CheckpointFolders(list, (id) => {
      list.open(id, load);
      return Promise.resolve(true);
    });
    const [one, other] = await Promise.all([folders.get("a"), folders.get("a")]);
    assert.equal(one, other);
    assert.equal(list.loads, 1);
    assert.ok((await one.place.list("")).some(({ name }) => name === "proc"));
    folders.dispose();
  });

  it("has no files when its checkpoint is closed, or can't be found again", async () => {
    const list = new OpenList();
    const folders = new CheckpointFolders(list, () => Promise.resolve(false));
    await assert.rejects(folders.get("a"), isClosed);
    list.open("a", load);
    await folders.get("a");
    list.close("a");
    await assert.rejects(folders.get("a"), isClosed);
    folders.dispose();
  });

  it("is read anew when its checkpoint was locked meanwhile", async () => {
    const list = new OpenList();
    const folders = new CheckpointFolders(list, () => Promise.resolve(false));
    list.open("a", load);
    const before = await folders.get("a");
    list.lock("a");
    assert.notEqual(await folders.get("a"), before);
    assert.equal(list.loads, 2);
    folders.dispose();
  });

  it("is tried again after its checkpoint could not be opened", async () => {
    const list = new OpenList();
    const folders = new CheckpointFolders(list, () => Promise.resolve(false));
    let broken = true;
    list.open("a", () => (broken ? Promise.reject(new Error("away")) : load()));
    await assert.rejects(folders.get("a"), /away/);
    broken = false;
    assert.ok(await folders.get("a"));
    folders.dispose();
  });
});

describe("what is known of checkpoints in workspaces", () => {
  /** A Memento whose values are as JSON made them. */
  function memento(stored?: unknown) {
    const values = new Map<string, unknown>([["cryoscope.checkpointSources", stored]]);
    return {
      keys: () => [...values.keys()],
      get: <T>(key: string, fallback?: T) => (values.get(key) as T | undefined) ?? fallback,
      update: (key: string, value: unknown) => {
        values.set(key, JSON.parse(JSON.stringify(value)));
        return Promise.resolve();
      },
    };
  }

  it("is where each was opened from, until it is closed", async () => {
    const state = memento();
    await new KnownSources(state).add("a~1", "file:///a.tar");
    await new KnownSources(state).add("b~2", "file:///b.tar");
    assert.equal(new KnownSources(state).get("a~1"), "file:///a.tar");
    await new KnownSources(state).remove("a~1");
    assert.equal(new KnownSources(state).get("a~1"), undefined);
    assert.equal(new KnownSources(state).get("b~2"), "file:///b.tar");
  });

  it("is bounded, the oldest going first", async () => {
    const sources = new KnownSources(memento());
    for (let count = 0; count < 150; count++) await sources.add(`id${count}`, `file:///${count}`);
    assert.equal(sources.get("id49"), undefined);
    assert.equal(sources.get("id50"), "file:///50");
  });

  it("is nothing where the stored value is something else", () => {
    for (const stored of ["text", { a: 1 }, [1, [2, 3], ["x"], null]])
      assert.equal(new KnownSources(memento(stored)).get("x"), undefined);
  });
});

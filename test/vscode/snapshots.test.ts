// The catalog in a real extension host, without any engine: what came from elsewhere is kept, named, pinned, read.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commands, Disposable, extensions, languages, Range, Uri, workspace } from "vscode";
import type { ExtensionContext, FoldingRange, Hover, TextDocument } from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import { Catalog } from "../../src/vscode/snapshots/index.ts";

/** What the catalog writes of a snapshot; only what is looked at. */
interface Entry {
  readonly id: string;
  readonly name: string;
  readonly pinned?: boolean;
  readonly imported?: boolean;
  readonly sealed?: boolean;
  readonly sha256?: string;
  readonly size?: number;
  readonly checkpoint: { readonly path: string };
}

function extensionFile(path: string): Uri {
  const found = extensions.getExtension("cryoscope.cryoscope");
  assert(found, "VS Code doesn't know the extension");
  return Uri.joinPath(found.extensionUri, path);
}

async function catalogOf({ checkpoint, id }: Entry): Promise<Entry | undefined> {
  const file = join(dirname(checkpoint.path), "catalog.json");
  // Written by the catalog that is tested.
  const all = JSON.parse(await readFile(file, "utf8")) as readonly Entry[];
  return all.find((one) => one.id === id);
}

describe("the catalog of windows without a workspace", () => {
  it("loses nothing when several of them write to it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "catalog-"));
    const state = new Map<string, unknown>();
    const context = {
      storageUri: undefined,
      globalStorageUri: Uri.file(folder),
      subscriptions: [] as Disposable[],
      workspaceState: {
        get: (key: string) => state.get(key),
        update: (key: string, value: unknown) => Promise.resolve(void state.set(key, value)),
      },
      // Of an ExtensionContext the catalog uses no more.
    } as unknown as ExtensionContext;
    const windows = [new Catalog(context), new Catalog(context)] as const;
    const draft = join(folder, "snapshots/web.tar.00000000-0000-4000-8000-000000000000.part");
    try {
      for (const [index, window] of windows.entries()) await window.add(snapshotOf(`of window ${index}`));
      await writeFile(draft, "another window is writing this");
      for (const window of windows)
        assert.deepEqual((await window.list()).map(({ name }) => name).sort(), [
          "of window 0",
          "of window 1",
        ]);
      assert.equal(await readFile(draft, "utf8"), "another window is writing this");
      await windows[0].edit("of window 1", { pinned: true });
      assert.equal((await windows[1].find("of window 1"))?.pinned, true);
    } finally {
      Disposable.from(...context.subscriptions).dispose();
      await rm(folder, { recursive: true });
    }
  });
});

function snapshotOf(name: string): Snapshot {
  return {
    format: 1,
    id: name,
    name,
    note: "",
    time: "2026-01-01T00:00:00.000Z",
    engine: { kind: "podman", version: "5.4.2", endpoint: "unix:///run/podman/podman.sock" },
    container: { id: "a".repeat(64), name: "web", image: "web" },
    checkpoint: { kind: "archive", path: "/nowhere/web.tar" },
    leftRunning: true,
    needs: [],
  };
}

describe("the catalog of snapshots", () => {
  let entry: Entry;

  before(async () => {
    const sample = extensionFile("test/fixtures/sample.tar.gz");
    const imported = await commands.executeCommand<Entry | undefined>("cryoscope.importSnapshot", sample);
    assert(imported, "nothing was imported");
    entry = imported;
  });

  it("takes a copy of a checkpoint from elsewhere, and knows its size, hash and seal", async () => {
    const kept = await catalogOf(entry);
    assert.equal(kept?.imported, true);
    assert.equal(kept.sealed, false);
    const sample = await workspace.fs.readFile(extensionFile("test/fixtures/sample.tar.gz"));
    assert.equal(kept.size, sample.length);
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(sample));
    assert.equal(kept.sha256, Buffer.from(digest).toString("hex"));
    assert.deepEqual(new Uint8Array(await readFile(entry.checkpoint.path)), new Uint8Array(sample));
  });

  it("pins and unpins", async () => {
    await commands.executeCommand("cryoscope.pinSnapshot", entry);
    assert.equal((await catalogOf(entry))?.pinned, true);
    await commands.executeCommand("cryoscope.unpinSnapshot", entry);
    assert.notEqual((await catalogOf(entry))?.pinned, true);
  });

  it("opens a snapshot without the engine that made it", async () => {
    await commands.executeCommand("cryoscope.openSnapshot", entry);
  });

  it("shows chains and timelines", async () => {
    await commands.executeCommand("cryoscope.snapshotsAsTimeline");
    await commands.executeCommand("cryoscope.snapshots.focus");
    await commands.executeCommand("cryoscope.snapshotsAsChain");
  });
});

describe("a CRIU log in the editor", () => {
  let document: TextDocument;
  const text = [
    "(00.000000) Unable to get $HOME directory, local configuration file will not be used.",
    "(00.000045) Version: 4.2.1 (gitid 0)",
    "(00.002000) ========================================",
    "(00.002000) Dumping task (pid: 17 comm: sleep)",
    "(00.002000) ========================================",
    "(00.003000) Obtaining task stat ...",
    "(00.004000) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.",
    "(00.005000) Error (criu/cr-dump.c:1975): Dumping FAILED.",
  ].join("\n");

  before(async () => {
    document = await languages.setTextDocumentLanguage(
      await workspace.openTextDocument({ content: text }),
      "criu-log",
    );
  });

  it("folds by task", async () => {
    const ranges = await commands.executeCommand<readonly FoldingRange[]>(
      "vscode.executeFoldingRangeProvider",
      document.uri,
    );
    assert.deepEqual(
      ranges.map(({ start, end }) => [start, end]),
      [[3, 7]],
    );
  });

  it("explains the line that tells why, on hover", async () => {
    const line = new Range(6, 20, 6, 20).start;
    const hovers = await commands.executeCommand<readonly Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      line,
    );
    const said = hovers
      .flatMap(({ contents }) => contents)
      .map((one) => (typeof one === "string" ? one : one.value))
      .join("\n");
    assert.match(said, /TCP/);
  });
});

// The catalog in a real extension host, without any engine: what came from elsewhere is kept, named, pinned, read.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { commands, extensions, languages, Range, Uri, workspace } from "vscode";
import type { FoldingRange, Hover, TextDocument } from "vscode";

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

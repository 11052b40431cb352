import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands, Uri } from "vscode";
import type { TreeDataProvider } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { openSample } from "./sample.ts";
import type { OpenedCheckpoint } from "./sample.ts";

type Explorer = TestApi["checkpoint"];
type RowOf<V> = V extends TreeDataProvider<infer R> ? R : never;
type Row = RowOf<Explorer["view"]>;

describe("the Overview page and the parts of the Checkpoint view", () => {
  let api: TestApi;
  let sample: OpenedCheckpoint;

  before(async () => {
    ({ api, sample } = await openSample());
  });

  /** Labels and descriptions of the rows below `labels`, each the beginning of one. */
  async function rowsBelow(...labels: string[]): Promise<ReadonlyMap<string, string>> {
    const { view } = api.checkpoint;
    let rows: readonly Row[] = [{ kind: "checkpoint", entry: sample }];
    for (const label of ["", ...labels]) {
      const shown = await Promise.all(rows.map(async (row) => ({ row, item: await view.getTreeItem(row) })));
      const parent = label === "" ? shown[0] : shown.find(({ item }) => String(item.label).startsWith(label));
      assert.ok(parent, `${label} is not among ${shown.map(({ item }) => String(item.label)).join()}`);
      rows = (await view.getChildren(parent.row)) ?? [];
    }
    const items = await Promise.all(rows.map(async (row) => view.getTreeItem(row)));
    return new Map(items.map(({ label, description }) => [String(label), String(description)]));
  }

  it("tells processes, memory and channels of the sample", async () => {
    const overview = await api.overview.of(sample);
    // What media/sample/sample.c does: two children, a pipe with a line in it, a socket that listens.
    assert.deepEqual(
      overview.processes.map(({ comm }) => comm),
      ["sample", "reader", "sleeper"],
    );
    assert.ok(overview.channels.some(({ label }) => label.includes("127.0.0.1:7070")));
    const frozen = overview.memory.flatMap(({ kinds }) => kinds).reduce((sum, { bytes }) => sum + bytes, 0);
    const written = Number(sample.checkpoint?.criu.statistics?.pagesWritten) * 4096;
    // CRIU counts the pages of processes; those of shared memory come on top, once a process.
    assert.ok(frozen >= written, `${frozen} bytes are shown, ${written} were written`);
  });

  it("shows credentials, limits and environment of a process", async () => {
    const credentials = await rowsBelow("Processes", "1 sample", "Details", "Credentials");
    assert.equal(credentials.get("Euid"), "0");
    const limits = await rowsBelow("Processes", "1 sample", "Details", "Resource Limits");
    assert.match(limits.get("RLIMIT_NOFILE") ?? "", /^\d+ of \d+$/);
    const environment = await rowsBelow("Processes", "1 sample", "Environment");
    assert.ok((environment.get("PATH") ?? "").includes("/bin"));
  });

  it("shows what is behind an open file", async () => {
    const files = await rowsBelow("Processes", "1 sample", "Open Files");
    const pipe = [...files.keys()].find((label) => label.includes("pipe:"));
    assert.ok(pipe);
    const detail = await rowsBelow("Processes", "1 sample", "Open Files", pipe);
    assert.equal(detail.get("Kind"), "pipe");
  });

  it("leads from a process to its entry in the images", async () => {
    const process = sample.checkpoint?.process(1);
    assert.ok(process);
    await commands.executeCommand("cryoscope.checkpoint.goToEntry", {
      kind: "process",
      entry: sample,
      process,
    });
    assert.equal(api.imageEditor.active()?.uri.path.split("/").at(-1), "pstree.img");
    await commands.executeCommand("workbench.action.closeAllEditors");
  });

  it("exports the core of a process", async () => {
    const process = sample.checkpoint?.process(1);
    assert.ok(process);
    const folder = await mkdtemp(join(tmpdir(), "export-"));
    try {
      const file = Uri.file(join(folder, "core.1"));
      await commands.executeCommand("cryoscope.exportCore", { entry: sample, process }, file);
      const head = (await readFile(file.fsPath)).subarray(0, 18);
      assert.equal(head.toString("latin1", 1, 4), "ELF");
      // ET_CORE.
      assert.equal(head.readUInt16LE(16), 4);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("walks through the files of the checkpoint, into the archives in it", async () => {
    const proc = await rowsBelow("Files", "proc", "1");
    assert.ok(proc.has("maps") && proc.has("status"), [...proc.keys()].join());
    const images = await rowsBelow("Images");
    const image = [...images.keys()].find((name) => name.startsWith("tmpfs-dev-"));
    assert.ok(image, [...images.keys()].join());
    const folders = await rowsBelow("Files", "tmpfs");
    assert.ok(folders.has(image.replace(/^tmpfs-(dev-\d+).*$/, "$1")), [...folders.keys()].join());
  });
});

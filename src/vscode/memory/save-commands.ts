import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { realpath, stat, writeFile } from "node:fs/promises";
import * as vscode from "vscode";
import { openFileSink } from "../../corefile/index.ts";
import type { CoreSink } from "../../corefile/index.ts";
import { listModules } from "../../memory/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { signalOf } from "../messages.ts";
import { hex } from "./address.ts";
import { carveModule } from "./carve.ts";
import { memoryViewErrors } from "./errors.ts";
import type { MemoryEditor } from "./memory-editor.ts";
import { saveDumped, saveRange } from "./save.ts";
import type { SaveOptions } from "./save.ts";

/** Saves the selected bytes. Gives the file, or undefined when none was chosen. */
export async function saveSelection(
  editor: MemoryEditor,
  target?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const { address, length } = editor.selection;
  const name = `memory-${editor.pid}-${hex(address)}.bin`;
  const space = await editor.space();
  return save(editor.entry, name, target, length, (sink, options) =>
    saveRange(space, address, address + BigInt(length), sink, options),
  );
}

/** Saves the mapping that the cursor is in. */
export async function saveMapping(
  editor: MemoryEditor,
  target?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const space = await editor.space();
  const area = space.areaAt(editor.selection.address);
  if (area === undefined) throw memoryViewErrors.nothingMapped(editor.selection.address);
  const { start, end } = area;
  return save(
    editor.entry,
    `memory-${editor.pid}-${hex(start)}-${hex(end)}.bin`,
    target,
    Number(end - start),
    (sink, options) => saveRange(space, start, end, sink, options),
  );
}

/** Saves all dumped memory of a process, and beside it a list of what came from where, as JSON. */
export async function saveProcess(
  entry: OpenCheckpoint,
  space: AddressSpace,
  target?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const regions = await space.regions();
  const total = regions
    .flatMap(({ origins }) => origins)
    .filter(({ origin }) => origin.kind === "dumped" || origin.kind === "layer")
    .reduce((sum, { bytes }) => sum + bytes, 0);
  let list = "";
  const { pid, pageSize } = space;
  const file = await save(entry, `memory-${pid}.bin`, target, total, async (sink, options) => {
    const parts = await saveDumped(space, sink, options);
    list = JSON.stringify({ pid, pageSize, parts }, undefined, 2);
    return 0;
  });
  if (file) await writeFile(`${file.fsPath}.json`, `${list}\n`, { mode: 0o600 });
  return file;
}

/** Saves the module that the cursor is in as an ELF file. */
export async function saveModule(editor: MemoryEditor, target?: vscode.Uri): Promise<vscode.Uri | undefined> {
  const { address } = editor.selection;
  const space = await editor.space();
  const modules = await listModules(await editor.memory(), editor.pid);
  const module = modules.find(({ start, end }) => address >= start && address < end);
  if (module === undefined) throw memoryViewErrors.noModule(address);
  const name = `${basename(module.name).replaceAll(/[^\w.-]/g, "_")}.elf`;
  return save(editor.entry, name, target, Number(module.end - module.start), (sink, options) =>
    carveModule(space, module, sink, options),
  );
}

/** Asks for a name and writes there with progress; a part of a file is never left behind. */
async function save(
  entry: OpenCheckpoint,
  name: string,
  given: vscode.Uri | undefined,
  total: number,
  write: (sink: CoreSink, options: SaveOptions) => Promise<number>,
): Promise<vscode.Uri | undefined> {
  const defaultUri = vscode.Uri.joinPath(entry.source, "..", name);
  const target = given ?? (await vscode.window.showSaveDialog({ title: "Save Memory", defaultUri }));
  if (target === undefined) return undefined;
  await refuseEvidence(target.fsPath, entry.source.fsPath);
  const missing = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Saving ${name}`, cancellable: true },
    async (progress, token) => {
      const sink = await openFileSink(target.fsPath);
      try {
        const without = await write(sink, {
          signal: signalOf(token),
          wrote: (bytes) => {
            progress.report({ increment: (bytes / Math.max(1, total)) * 100 });
          },
        });
        await sink.done();
        return without;
      } catch (error) {
        await sink.discard();
        throw error;
      }
    },
  );
  if (missing > 0)
    void vscode.window.showWarningMessage(
      `${missing} bytes of ${name} are not in the checkpoint. In the file they are zero.`,
    );
  return target;
}

/** Throws `memoryView.overEvidence` when `target` is the checkpoint or lies in it, whatever links lead there. */
async function refuseEvidence(target: string, evidence: string): Promise<void> {
  const folder = await realpath(dirname(resolve(target)));
  const real = await realpath(join(folder, basename(target))).catch(() => join(folder, basename(target)));
  const source = await realpath(evidence);
  const way = relative(source, real);
  const isInside = way !== ".." && !way.startsWith(`..${sep}`) && resolve(way) !== way;
  if (way === "" || ((await stat(source)).isDirectory() && isInside))
    throw memoryViewErrors.overEvidence(target);
}

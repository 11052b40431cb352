import * as vscode from "vscode";
import { listModules } from "../../memory/index.ts";
import type { Module } from "../../memory/index.ts";
import { hex } from "./address.ts";
import type { MemoryEditor } from "./memory-editor.ts";

const CODE: Readonly<Record<Module["code"], string>> = {
  file: "",
  copied: "$(warning) code was dumped",
  modified: "$(warning) code differs from the file",
};

/** Lists the modules of the process with their build ids, and goes to the one that is chosen. */
export async function showModules(editor: MemoryEditor): Promise<void> {
  const modules = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "Looking for modules" },
    async () => listModules(await editor.memory(), editor.pid),
  );
  const items = modules.map(({ name, start, end, buildId, from, code }) => ({
    label: name,
    description: `${hex(start)}-${hex(end)} ${CODE[code]}`,
    detail:
      buildId === undefined
        ? "no build id"
        : `build id ${buildId}${from === "images" ? ", as CRIU noted it" : ""}`,
    start,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: `Modules of process ${editor.pid}`,
    placeHolder: items.length === 0 ? "There are none" : "Path, address or build id",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked) editor.go({ address: picked.start, length: 1 });
}

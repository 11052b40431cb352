// What is done with entries of the catalog: names, tags, pins, export, import, retention.
import { basename } from "node:path";
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { isSure, signalOf } from "../messages.ts";
import type { Catalog } from "./catalog.ts";
import { filesPath, megabytes, recordFacts } from "./facts.ts";
import { filesOf } from "./files.ts";

export async function rename(catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const name = await vscode.window.showInputBox({
    title: "Rename Snapshot",
    ignoreFocusOut: true,
    value: snapshot.name,
    validateInput: (text) => (text.trim() === "" ? "It needs a name." : undefined),
  });
  if (name !== undefined) await catalog.edit(snapshot.id, { name: name.trim().slice(0, 200) });
}

export async function editNote(catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const note = await vscode.window.showInputBox({
    title: `Note on ${snapshot.name}`,
    value: snapshot.note,
    ignoreFocusOut: true,
  });
  if (note !== undefined) await catalog.edit(snapshot.id, { note });
}

export async function editTags(catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: `Tags of ${snapshot.name}`,
    prompt: "Separated by blanks",
    ignoreFocusOut: true,
    value: (snapshot.tags ?? []).join(" "),
  });
  if (text === undefined) return;
  const tags = text.split(/[\s,#]+/).filter((tag) => tag !== "");
  await catalog.edit(snapshot.id, { tags: [...new Set(tags)].slice(0, 50) });
}

/** Writes a snapshot's files as one archive that others can open. */
export async function exportSnapshot(engines: Engines, catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const from = await filesOf(engines, snapshot, catalog);
  const target = await vscode.window.showSaveDialog({
    title: `Export ${snapshot.name}`,
    defaultUri: vscode.Uri.joinPath(
      vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file("/"),
      `${snapshot.name}.tar`,
    ),
    filters: { Archives: ["tar"] },
  });
  if (!target) return;
  const { exportEvidence } = await import("../../engine/index.ts");
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Exporting ${snapshot.name}`,
      cancellable: true,
    },
    async (progress, token) => {
      // The dialog has asked whether to replace what is there.
      await vscode.workspace.fs.delete(target).then(undefined, () => undefined);
      await exportEvidence(from.fsPath, target.fsPath, {
        signal: signalOf(token),
        onBytes: (bytes) => {
          progress.report({ message: megabytes(bytes) });
        },
      });
    },
  );
}

/** Writes a container image of a snapshot's archive, from which Podman, CRI-O and Kubernetes restore it. */
export async function exportAsImage(engines: Engines, catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const from = await filesOf(engines, snapshot, catalog);
  const { isReference, writeWhole } = await import("../../engine/index.ts");
  const plain = snapshot.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const reference = await vscode.window.showInputBox({
    title: `Export ${snapshot.name} as a Container Image`,
    prompt: "Name and tag of the image",
    ignoreFocusOut: true,
    value: `localhost/${plain === "" ? "checkpoint" : plain}:frozen`,
    validateInput: (text) => (isReference(text) ? undefined : "As in localhost/web:frozen."),
  });
  if (reference === undefined) return;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${snapshot.name} as a Container Image`,
    defaultUri: vscode.Uri.joinPath(
      vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file("/"),
      `${snapshot.name}.oci.tar`,
    ),
    filters: { "OCI archives": ["tar"] },
  });
  if (!target) return;
  const { archiveErrors, checkpointImage } = await import("../../archive/index.ts");
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Exporting ${snapshot.name}`,
      cancellable: true,
    },
    async (progress, token) => {
      const signal = signalOf(token);
      const words = { reference, created: snapshot.time };
      const image = await checkpointImage(from.fsPath, words, { signal });
      try {
        // The dialog has asked whether to replace what is there.
        await vscode.workspace.fs.delete(target).then(undefined, () => undefined);
        await writeWhole(target.fsPath, Readable.from(image.bytes(), { objectMode: false }), {
          signal,
          failed: (cause) => archiveErrors.unreadable(from.fsPath, cause),
          onBytes: (bytes) => {
            progress.report({ message: megabytes(bytes) });
          },
        });
      } finally {
        await image.close();
      }
    },
  );
}

/** Copies an archive or folder from elsewhere into the catalog; asked before it is ever run. */
export async function importSnapshot(catalog: Catalog, chosen?: vscode.Uri): Promise<Snapshot | undefined> {
  const [from] = chosen
    ? [chosen]
    : ((await vscode.window.showOpenDialog({
        title: "Import a Checkpoint",
        canSelectFolders: true,
        canSelectFiles: true,
        openLabel: "Import",
      })) ?? []);
  if (!from) return undefined;
  const name = basename(from.fsPath).replace(/\.(tar(\.\w+)?|tgz)$/, "");
  const { exportEvidence } = await import("../../engine/index.ts");
  const path = await catalog.archivePath(name.replace(/[^\w.-]/g, "-"));
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Importing ${name}`, cancellable: true },
    (_progress, token) => exportEvidence(from.fsPath, path, { signal: signalOf(token) }),
  );
  const snapshot: Snapshot = {
    format: 1,
    id: randomUUID(),
    name,
    note: `imported from ${from.fsPath}`,
    time: new Date().toISOString(),
    engine: { kind: "import", version: "", endpoint: "import:" },
    container: { id: name, name, image: "" },
    checkpoint: { kind: "archive", path },
    leftRunning: false,
    needs: [],
    imported: true,
  };
  await catalog.add(snapshot);
  await recordFacts(catalog, snapshot);
  return snapshot;
}

export async function reveal(snapshot: Snapshot): Promise<void> {
  const path = filesPath(snapshot);
  if (path !== undefined) await vscode.commands.executeCommand("revealFileInOS", vscode.Uri.file(path));
}

/** Names what the limits in the settings would remove, and removes it when the user agrees. Gives how many went. */
export async function applyRetention(
  catalog: Catalog,
  forget: (snapshot: Snapshot) => Promise<void>,
): Promise<number> {
  const settings = vscode.workspace.getConfiguration("cryoscope.snapshots");
  const limit = (name: string): number | undefined => {
    const value = settings.get<number>(`keep.${name}`, 0);
    return value > 0 ? value : undefined;
  };
  const [count, days, gigabytes] = [limit("count"), limit("days"), limit("gigabytes")];
  const all = await catalog.list();
  if ((count ?? days ?? gigabytes) === undefined) {
    void vscode.window.showInformationMessage(
      "There are no limits: see cryoscope.snapshots.keep in the settings.",
    );
    return 0;
  }
  const { overdue } = await import("../../engine/index.ts");
  const bytes = gigabytes === undefined ? undefined : gigabytes * 1e9;
  const due = overdue(
    all,
    {
      ...(count !== undefined && { count }),
      ...(days !== undefined && { days }),
      ...(bytes !== undefined && { bytes }),
    },
    new Date(),
  );
  if (due.length === 0) {
    void vscode.window.showInformationMessage("No snapshot is beyond the limits.");
    return 0;
  }
  const names = due.slice(0, 10).map(({ name }) => name);
  const more = due.length > names.length ? ` and ${due.length - names.length} more` : "";
  const one = due.length === 1;
  const sure = await isSure(`Delete ${one ? "a snapshot" : `${due.length} snapshots`} beyond the limits?`, {
    detail: `${names.join(", ")}${more}\n\nThe frozen state is gone for good. Pinned ones stay.`,
    keep: one ? "Keep It" : "Keep Them",
    act: "Delete",
  });
  if (!sure) return 0;
  for (const snapshot of due) await forget(snapshot);
  return due.length;
}

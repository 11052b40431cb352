import { setTimeout } from "node:timers/promises";
import * as vscode from "vscode";
import type { Checkpoint } from "../../checkpoint/index.ts";
import type { OverviewTarget } from "../../protocol/index.ts";
import type { ResolveImage } from "../resolved.ts";
import { chooseCheckpoint, openWithProgress, registerCommands } from "./commands.ts";
import { ExplorerView } from "./explorer-view.ts";
import { registerFrozenFiles } from "./frozen-files.ts";
import { createImageResolver } from "./image-resolver.ts";
import { command } from "../messages.ts";
import { tmpfsRow } from "./file-rows.ts";
import { FindingBadges } from "./finding-badges.ts";
import { openUnlocked } from "./open-unlocked.ts";
import type { Keys } from "../keys/index.ts";
import { OpenCheckpoints } from "./open-checkpoints.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import type { Row } from "./rows.ts";
import { showTarget } from "./show.ts";
import { layerFileUri } from "./uris.ts";

export type { OpenCheckpoint } from "./open-checkpoints.ts";
export { registerRowCommands } from "./row-commands.ts";
export { stateText } from "./text.ts";

export interface CheckpointDependencies {
  /** Finds the key of a sealed layer, asking the person when none fits. */
  readonly sealFor: Keys["sealFor"];
  /** Runs an attempt with the keys that are known, then with one that the person is asked for. */
  readonly unlock: Keys["unlock"];
  readonly onDidAddKey: Keys["onDidAddKey"];
}

/** What the rest of the extension, and tests in a real extension host, need of the explorer. */
export interface CheckpointExplorer {
  /** Opens a folder or archive with progress and shows it. Undefined when cancelled; throws what opening throws. */
  open(source: vscode.Uri): Promise<Checkpoint | undefined>;
  /** The same for what has a view of its own in front, such as a debug session: this view stays where it is. */
  openBehind(source: vscode.Uri): Promise<Checkpoint | undefined>;
  /** Opens it for `use` alone, unless it is open: it never comes into the list. Throws what opening and `use` throw. */
  lookInto<T>(
    source: vscode.Uri,
    use: (checkpoint: Checkpoint) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
  /** Where an image of the newest layer of a checkpoint can be read, which is opened when it isn't. Undefined when cancelled. */
  imageUri(source: vscode.Uri, image: string): Promise<vscode.Uri | undefined>;
  /** How the image editor gets at bytes and keys. */
  readonly resolveImage: ResolveImage;
  readonly openCheckpoints: readonly OpenCheckpoint[];
  /** A checkpoint was opened, loaded or closed. */
  readonly onDidChange: vscode.Event<unknown>;
  /** The key of a checkpoint was forgotten: it stays in the list, what is shown of it is to go. Or it is open again. */
  readonly onDidChangeLock: vscode.Event<OpenCheckpoint>;
  /** Asks for one of the open checkpoints when there are several. Undefined when there is none, or none was chosen. */
  choose(title: string): Promise<OpenCheckpoint | undefined>;
  /** Selects in the view, or opens in an editor, what another view has a mark for. */
  show(entry: OpenCheckpoint, target: OverviewTarget): Promise<void>;
  /** The rows of the view as it shows them. */
  readonly view: vscode.TreeDataProvider<Row>;
}

const REVEAL_TRIES = 4;
const REVEAL_AGAIN_MS = 100;

/** Registers the *Checkpoint* view, the `cryoscope:` file system and the commands that open and close checkpoints. */
export function registerCheckpoint(
  context: vscode.ExtensionContext,
  { sealFor, unlock, onDidAddKey }: CheckpointDependencies,
): CheckpointExplorer {
  const checkpoints = new OpenCheckpoints(context.workspaceState, {
    sealFor,
    openTree: (path, signal, locked, quiet) => openUnlocked(path, unlock, signal, locked, quiet),
  });
  const view = new ExplorerView(checkpoints);
  const tree = vscode.window.createTreeView("cryoscope.checkpoint", {
    treeDataProvider: view,
    showCollapseAll: true,
  });
  let wanted: OpenCheckpoint | undefined;
  const reveal = async (entry: OpenCheckpoint): Promise<void> => {
    const row = { kind: "checkpoint", entry } as const;
    // A tree that is drawn anew meanwhile can't find the row, or forgets that it was selected. It stands there all the same,
    // so that is no failure; but below another checkpoint nobody would see it.
    wanted = entry;
    for (let tries = 0; tries < REVEAL_TRIES && wanted === entry; tries++) {
      await tree.reveal(row, { select: true, focus: false, expand: true }).then(undefined, () => undefined);
      const isSelected = tree.selection.some((each) => each.kind === "checkpoint" && each.entry === entry);
      // Who has gone to another view meanwhile isn't called back.
      if (isSelected || !tree.visible) return;
      await setTimeout(REVEAL_AGAIN_MS);
    }
  };
  const stay = (): Promise<void> => Promise.resolve();
  context.subscriptions.push(
    checkpoints,
    onDidAddKey(() => void checkpoints.tryRefused()),
    view,
    tree,
    registerCommands(checkpoints, reveal),
    command("cryoscope.checkpoint.openArchive", async (row?: Row) => {
      const folder = row?.kind === "image" ? tmpfsRow(row.entry, row.file.name) : undefined;
      if (folder) await tree.reveal(folder, { select: true, focus: true, expand: true });
    }),
    vscode.window.registerFileDecorationProvider(new FindingBadges(checkpoints)),
  );
  const folders = registerFrozenFiles(context, checkpoints, (title) => chooseCheckpoint(checkpoints, title));
  return {
    open: async (source) => (await openWithProgress(checkpoints, source, reveal))?.load(),
    openBehind: async (source) => (await openWithProgress(checkpoints, source, stay))?.load(),
    lookInto: (source, use, signal) => checkpoints.lookInto(source, use, signal),
    imageUri: async (source, image) => {
      const entry = await openWithProgress(checkpoints, source, reveal);
      const checkpoint = await entry?.load();
      const [layer] = checkpoint?.layers ?? [];
      return entry && checkpoint && layer && layerFileUri(entry.id, layer, image);
    },
    resolveImage: createImageResolver(checkpoints, folders, sealFor),
    get openCheckpoints() {
      return checkpoints.all;
    },
    onDidChange: checkpoints.onDidChange,
    onDidChangeLock: checkpoints.onDidChangeLock,
    choose: (title) => chooseCheckpoint(checkpoints, title),
    show: (entry, target) => showTarget(tree, entry, target),
    view,
  };
}

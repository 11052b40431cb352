// What can stand in launch.json for a session of ours: names of snapshots, containers and engines, pids, paths.
import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { openCoreTree } from "../../corefile/index.ts";
import { jsonPlace, programsOf } from "../../debug/index.ts";
import type { JsonPlace } from "../../debug/index.ts";
import type { ContainerDetails, Engine } from "../../engine/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import type { Engines } from "../engines/index.ts";
import { filesPath, localTime } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { writtenPath } from "./written-path.ts";

interface Choice {
  readonly value: string | number;
  readonly label: string;
  readonly detail?: string;
}

type Siblings = JsonPlace["siblings"];

interface Sources {
  readonly engines: Engines;
  readonly catalog: Catalog;
  readonly checkpoint: Pick<CheckpointExplorer, "openCheckpoints">;
}

/** The properties that are known here; of all others the schema in package.json knows the values. */
const PROPERTIES: Readonly<
  Record<string, (sources: Sources, siblings: Siblings, file: vscode.Uri) => Promise<readonly Choice[]>>
> = {
  snapshot: async ({ catalog }) => {
    const all = await catalog.list();
    return all.map((snapshot) => ({
      // Of those of one name, the name is the newest; the others go by their id.
      value: all.find(({ name }) => name === snapshot.name) === snapshot ? snapshot.name : snapshot.id,
      label: snapshot.name,
      detail: `${snapshot.container.name}, ${localTime(snapshot)}`,
    }));
  },
  container: async ({ engines }, siblings) => {
    const endpoint = siblings.get("engine");
    const usable = (await engines.usable()).filter((one) => !endpoint || one.endpoint === endpoint);
    const lists = await Promise.all(
      usable.map(async (engine) =>
        (await engine.list().catch(() => []))
          .filter(({ state }) => state === "running")
          .map(({ id, name, image }) => ({
            ...{ value: name || id, label: name || id },
            detail: `${image}, ${engine.name}`,
          })),
      ),
    );
    return lists.flat();
  },
  engine: async ({ engines }) =>
    (await engines.usable()).map(({ endpoint, name }) => ({
      ...{ value: endpoint, label: endpoint },
      detail: name,
    })),
  checkpoint: async ({ catalog }) =>
    (await catalog.list()).flatMap((snapshot) => {
      const path = filesPath(snapshot);
      return path === undefined
        ? []
        : [
            {
              value: path,
              label: snapshot.name,
              detail: `${snapshot.container.name}, ${localTime(snapshot)}`,
            },
          ];
    }),
  pid: async (sources, siblings, file) =>
    (await processes(sources, siblings, file)).map(({ pid, words }) => ({
      ...{ value: pid, label: String(pid) },
      detail: words
        .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ")
        .slice(0, 200),
    })),
};

interface FrozenOrLive {
  readonly pid: number;
  readonly words: string;
}

/** The processes that a configuration can mean: of a checkpoint, of a snapshot's files, or of a container. */
async function processes(
  { engines, catalog, checkpoint }: Sources,
  siblings: Siblings,
  file: vscode.Uri,
): Promise<readonly FrozenOrLive[]> {
  const [path, name, container] = ["checkpoint", "snapshot", "container"].map((key) => {
    const value = siblings.get(key);
    return typeof value === "string" && value !== "" ? value : undefined;
  });
  if (siblings.get("mode") === "postmortem") {
    const source = path === undefined ? undefined : writtenPath(path, file);
    return source === undefined ? [] : frozenIn(source.fsPath, checkpoint);
  }
  if (siblings.get("request") === "attach" && container !== undefined) {
    for (const engine of await engines.usable()) {
      const found = await engine.inspect(container).catch(() => undefined);
      if (found !== undefined) return running(engine, found);
    }
    return [];
  }
  const snapshot = name === undefined ? undefined : await catalog.find(name);
  if (snapshot === undefined) return [];
  const own = filesPath(snapshot);
  if (own !== undefined) return frozenIn(own, checkpoint);
  const engine = await engines.of(snapshot);
  const place = await engine.locate(snapshot);
  return place.path === undefined ? [] : frozenIn(place.path, checkpoint);
}

/** Nobody is asked for a key here: of what is sealed something is offered while it is open in the *Checkpoint* view. */
async function frozenIn(
  path: string,
  { openCheckpoints }: Sources["checkpoint"],
): Promise<readonly FrozenOrLive[]> {
  const open = openCheckpoints.find(({ source, isLocked }) => source.fsPath === path && !isLocked);
  if (open?.checkpoint !== undefined) return frozenOf(open.checkpoint);
  const tree = (await openCoreTree(path)) ?? (await openTree(path));
  try {
    const checkpoint = await openCheckpoint(tree);
    try {
      return frozenOf(checkpoint);
    } finally {
      await checkpoint.close();
    }
  } finally {
    await tree.close();
  }
}

const frozenOf = ({ processes }: Checkpoint): readonly FrozenOrLive[] =>
  processes.map(({ pid, comm, cmdline }) => ({ pid, words: cmdline.join(" ") || comm }));

async function running(engine: Engine, container: ContainerDetails): Promise<readonly FrozenOrLive[]> {
  return (await programsOf(container, engine)).map(({ pid, exe, argv }) => ({
    pid,
    words: argv.join(" ") || exe,
  }));
}

/*
 * They are why the extension is activated by `onLanguage:jsonc`. No event tells of launch.json alone:
 * `workspaceContains:.vscode/launch.json` would start it with every window whose folder has one, opened or not, and
 * `onDebugDynamicConfigurations` comes from a list that who writes by hand never opens. It costs an activation once, which
 * loads the main bundle and nothing else (test/vscode/activation.test.ts bounds it).
 */
const FILES: vscode.DocumentSelector = [
  { pattern: "**/.vscode/launch.json" },
  { language: "jsonc", pattern: "**/*.code-workspace" },
];

/** Completes the values of `cryoscope` configurations where they are written by hand. */
export function registerCompletions(sources: Sources): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    FILES,
    {
      async provideCompletionItems(document, position) {
        const place = jsonPlace(document.getText(), document.offsetAt(position));
        const choices = place && PROPERTIES[place.property];
        if (choices === undefined || place?.siblings.get("type") !== "cryoscope") return undefined;
        const range = new vscode.Range(document.positionAt(place.start), document.positionAt(place.end));
        // An engine that doesn't answer or a checkpoint that can't be read has nothing to offer; F5 will say why.
        const found = await choices(sources, place.siblings, document.uri).catch(() => []);
        return found.map((choice, index) => item(choice, range, index));
      },
    },
    '"',
    " ",
  );
}

function item({ value, label, detail }: Choice, range: vscode.Range, index: number): vscode.CompletionItem {
  const made = new vscode.CompletionItem({ label, ...(detail && { description: detail }) });
  made.kind = vscode.CompletionItemKind.Value;
  made.insertText = JSON.stringify(value);
  // What is matched is what the range holds, and that begins with the quotes.
  made.filterText = typeof value === "string" ? JSON.stringify(label) : label;
  made.sortText = String(index).padStart(6, "0");
  made.range = range;
  return made;
}

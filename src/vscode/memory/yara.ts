// *Scan Memory with YARA Rules*: the rules are asked for, what they match goes into the view *Memory Matches*.
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import * as vscode from "vscode";
import { hasYara, scanWithYara } from "../../memory/index.ts";
import type { RuleFile, YaraHit } from "../../memory/index.ts";
import { memoryViewErrors } from "./errors.ts";
import type { NamedMatch } from "./matches-view.ts";
import type { SearchScope } from "./scope.ts";
import type { MemorySearch } from "./search.ts";

const SETTING = "yara.library";
const REGION = "yara.region";
const MEBIBYTE = 1024 * 1024;
/** The extension that has nothing but YARA-X in it. */
const YARA_EXTENSION = "cryoscope.cryoscope-yara";
const MAX_RULES = 64 * 1024 * 1024;
/** The rules that were used last are offered first. */
let lastFolder: vscode.Uri | undefined;

/** Gives how many matches there are, or undefined when no rules were chosen, or there is no YARA and it was said. */
export async function scanYara(
  search: MemorySearch,
  scope: SearchScope,
  given?: readonly vscode.Uri[],
): Promise<number | undefined> {
  const libraries = yaraLibraries();
  // Before the rules are asked for, and a scan of another kind is taken from the view.
  if (!(await hasYara(libraries))) {
    void offerYara();
    return undefined;
  }
  const files = given ?? (await chooseRules());
  if (files === undefined) return undefined;
  const rules = await Promise.all(files.map(readRules));
  const regionSize = vscode.workspace.getConfiguration("cryoscope").get<number>(REGION, 8) * MEBIBYTE;
  return search.runLook(scope, {
    text: `YARA: ${rules.map(({ name }) => name).join(", ")}`,
    filter: {},
    async *steps(memories, { filter, context, signal }) {
      const options = { filter, context, signal, libraries, regionSize };
      for await (const step of scanWithYara(memories, rules, options)) {
        const matches = step.hits.flatMap(namedMatches);
        const { memory, searched, total, cut, regional } = step;
        const remarks = [
          ...(regional.length > 0 ? [aloneInWords(regional)] : []),
          ...(cut > 0 ? [cutInWords(cut, regionSize)] : []),
        ];
        const remark = remarks.length > 0 ? remarks.join(" ") : undefined;
        yield { memory, count: matches.length, matches: () => matches, searched, total, remark };
      }
    },
  });
}

const cutInWords = (count: number, size: number): string =>
  `${count} ${count === 1 ? "mapping was" : "mappings were"} longer than ${size / MEBIBYTE} MiB and asked in parts, so a condition saw but one at a time (setting cryoscope.yara.region).`;

const aloneInWords = (names: readonly string[]): string =>
  names.length === 1
    ? `${names.join("")} asks for places, bytes or modules: each mapping was asked alone, not the process.`
    : `${names.length} rules ask for places, bytes or modules: each mapping was asked alone, not the process.`;

const INSTALL = "Install from VSIX…";
const SETTINGS = "Open Setting";

/** Says that the engine is a package of its own, and opens what installs it or names it. */
async function offerYara(): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(
    "YARA rules need the extension “YARA for Cryoscope” (cryoscope-yara), which isn't installed. Its .vsix is where Cryoscope's own came from; a folder with the npm package @virustotal/yara-x does as well.",
    INSTALL,
    SETTINGS,
  );
  if (chosen === INSTALL) await vscode.commands.executeCommand("workbench.extensions.action.installVSIX");
  if (chosen === SETTINGS)
    await vscode.commands.executeCommand("workbench.action.openSettings", `cryoscope.${SETTING}`);
}

async function chooseRules(): Promise<readonly vscode.Uri[] | undefined> {
  const files = await vscode.window.showOpenDialog({
    title: "YARA Rules",
    openLabel: "Scan",
    canSelectMany: true,
    filters: { "YARA rules": ["yar", "yara", "rule", "rules"], "All files": ["*"] },
    ...(lastFolder && { defaultUri: lastFolder }),
  });
  if (files?.[0]) lastFolder = vscode.Uri.joinPath(files[0], "..");
  return files;
}

async function readRules({ fsPath }: vscode.Uri): Promise<RuleFile> {
  const found = await stat(fsPath).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_RULES) throw memoryViewErrors.noRules(fsPath);
  return { name: basename(fsPath), text: await readFile(fsPath, "utf8") };
}

/** Where YARA-X may be: what the user's settings name, and the extension that brings it. */
function yaraLibraries(): readonly string[] {
  const named = vscode.workspace.getConfiguration("cryoscope").get<string>(SETTING, "");
  const beside = vscode.extensions.getExtension(YARA_EXTENSION)?.extensionPath;
  return [named, beside].filter((path) => path !== undefined && path !== "") as string[];
}

/** A line of the view for each place; for a rule without patterns the begin of what it matches. */
function namedMatches({ rule, places, pid, space }: YaraHit): readonly NamedMatch[] {
  const [first] = space.areas;
  if (places.length === 0 && first !== undefined) {
    const nothing = new Uint8Array(0);
    const around = { before: nothing, bytes: nothing, after: nothing };
    const sightings = [{ pid, address: first.start }];
    return [{ pid, space, name: rule.identifier, address: first.start, length: 1, sightings, ...around }];
  }
  return places.map((place) => ({
    ...place,
    pid,
    space,
    name: place.pattern === "" ? rule.identifier : `${rule.identifier} ${place.pattern}`,
  }));
}

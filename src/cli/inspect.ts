import { toCryoscopeError } from "../bytes/index.ts";
import { findCheckpoints, openFound } from "../archive/index.ts";
import type { FileTree } from "../archive/index.ts";
import { openCheckpoint } from "../checkpoint/index.ts";
import type { Checkpoint, SealFor } from "../checkpoint/index.ts";
import { openSealedLayer, openSealedTree, sealErrors } from "../seal/index.ts";
import type { Key, LayerSeal } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { inspectExcerpt } from "./inspect-document.ts";
import type { InspectChoice, InspectExcerpt } from "./inspect-document.ts";
import { SECTION_NAMES } from "./inspect-sections.ts";
import type { CliOutput } from "./output.ts";
import { IN_SUMMARY, inspectText } from "./inspect-text.ts";
import type { InspectSummary } from "./inspect-text.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";

const OPTIONS = {
  ...KEY_OPTIONS,
  json: { type: "boolean" },
  format: { type: "string" },
  all: { type: "boolean" },
  container: { type: "string" },
  pid: { type: "string", multiple: true, default: [] as string[] },
  section: { type: "string", multiple: true, default: [] as string[] },
} as const;

const FORMATS = ["summary", "tree", "table", "json"] as const;
type Format = (typeof FORMATS)[number];

/** `cryoscope inspect CHECKPOINT`: who made it, what ran in it, what is wrong with it. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("inspect", args, OPTIONS, "CHECKPOINT");
  const choice = choiceOf(values.section, values.pid, values.all === true);
  const format = formatOf(values.json === true, values.format, choice, values.all === true);
  const keys = await loadKeys(values);
  const seals: LayerSeal[] = [];
  const outer = await openSealedTree(path, keys, sealOptions(values)).catch(unlessCore(path));
  let tree = outer;
  try {
    tree = await chooseCheckpoint(outer, values.container, output);
    const checkpoint = await openCheckpoint(tree, { sealFor: sealWith(keys, seals) });
    try {
      const document = await readFor(checkpoint, format, choice);
      await output.write(
        await render(document, format, output.toTerminal ? process.stdout.columns : undefined),
      );
      return document.problems.some(({ severity }) => severity === "error") ? EXIT.findings : EXIT.done;
    } finally {
      await checkpoint.close();
    }
  } finally {
    if (tree !== outer) await tree.close();
    await outer.close();
    for (const seal of seals) seal.dispose();
    forgetKeys(keys);
  }
};

/** An ELF core or a minidump is no archive. What reads one is a part of its own, and checkpoints don't wait for it. */
const unlessCore =
  (path: string) =>
  async (error: unknown): Promise<FileTree> => {
    const { code } = toCryoscopeError(error);
    const core =
      code === "archive.notAnArchive" && (await (await import("./core-tree.ts")).openCoreTree(path));
    if (core) return core;
    throw error;
  };

/** Of several checkpoints, a pod's, the one that --container names; the first without, and which others there are is said. */
async function chooseCheckpoint(
  tree: FileTree,
  name: string | undefined,
  output: CliOutput,
): Promise<FileTree> {
  const found = await findCheckpoints(tree);
  const names = found.map((each) => each.name).join(", ");
  const one = name === undefined ? found[0] : found.find((each) => each.name === name || each.path === name);
  if (one === undefined && name !== undefined)
    throw cliErrors.usage(`There is no container "${name}"; there are ${names || "none"}.`, "inspect");
  // None, or no other: what is to be said of it is said when it is opened.
  if (one === undefined || one.path === "") return tree;
  if (name === undefined && found.length > 1)
    output.message(
      `There are ${found.length} checkpoints: ${names}. ${one.name} is shown; choose with --container.`,
    );
  return openFound(tree, one);
}

/** What --section and --pid ask for. Throws `cli.usage`. */
function choiceOf(sections: readonly string[], pids: readonly string[], all: boolean): InspectChoice {
  const names = sections.flatMap((text) => text.split(",")).filter((name) => name !== "");
  const unknown = names.find((name) => !SECTION_NAMES.includes(name));
  if (unknown !== undefined)
    throw cliErrors.usage(
      `There is no section "${unknown}"; there are ${SECTION_NAMES.join(", ")}.`,
      "inspect",
    );
  const numbers = pids.map(Number);
  if (numbers.some((pid) => !Number.isSafeInteger(pid) || pid < 1))
    throw cliErrors.usage("--pid takes the number of a process.", "inspect");
  return {
    sections: names.length === 0 || all ? undefined : names,
    pids: numbers.length === 0 ? undefined : numbers,
  };
}

/** Sections are shown as a tree where nothing else is said; all of a checkpoint as a summary. */
function formatOf(asJson: boolean, format: string | undefined, choice: InspectChoice, all: boolean): Format {
  if (asJson) return "json";
  if (format === undefined)
    return all || choice.sections !== undefined || choice.pids !== undefined ? "tree" : "summary";
  const known = FORMATS.find((name) => name === format);
  if (known === undefined) throw cliErrors.usage(`--format takes ${FORMATS.join(", ")}.`, "inspect");
  return known;
}

function readFor(checkpoint: Checkpoint, format: Format, choice: InspectChoice): Promise<InspectExcerpt> {
  // The summary is of all: the images are checked for it, also those of which it shows nothing else.
  return inspectExcerpt(checkpoint, format === "summary" ? { shown: IN_SUMMARY } : choice);
}

async function render(document: InspectExcerpt, format: Format, width: number | undefined): Promise<string> {
  switch (format) {
    case "json":
      return `${JSON.stringify(document, undefined, 2)}\n`;
    case "tree":
      return (await import("./inspect-tree.ts")).treeText(document, width);
    case "table":
      return (await import("./inspect-table.ts")).tableText(document, width);
    case "summary":
      // All that a summary has was read: see readFor.
      return inspectText(document as InspectSummary, width);
  }
}

/** Opens seals with the keys of the command line, and leaves them in `opened` to be disposed of. */
function sealWith(keys: readonly Key[], opened: LayerSeal[]): SealFor {
  return async ({ tree, folder, cipherPath }) => {
    const seal = await openSealedLayer(tree, folder, keys);
    if (seal === undefined) throw sealErrors.keyNeeded(cipherPath);
    opened.push(seal);
    return seal;
  };
}

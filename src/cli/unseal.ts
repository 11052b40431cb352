import type { FileTree, TreeEntry } from "../archive/index.ts";
import { CryoscopeError, readChunks } from "../bytes/index.ts";
import {
  CIPHER_IMAGE,
  openSealedLayer,
  openSealedTree,
  sealErrors,
  sealState,
  unsealImage,
} from "../seal/index.ts";
import type { Key, LayerSeal } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";
import { createOutFolder } from "./out-folder.ts";
import type { OutFolder } from "./out-folder.ts";
import { errorText } from "./output.ts";
import type { CliOutput } from "./output.ts";
import { walkFolders } from "./walk.ts";

const OPTIONS = { ...KEY_OPTIONS, output: { type: "string", short: "o" } } as const;
const CHUNK = 1 << 20;
const WARNING =
  "will hold everything in clear: what was in the memory of the processes, secrets too. Delete it when you are done.";

/** `cryoscope unseal CHECKPOINT --key … -o DIR`: plain files, for those who need them. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("unseal", args, OPTIONS, "CHECKPOINT");
  if (values.output === undefined) throw cliErrors.usage("-o DIR is missing.", "unseal");
  const keys = await loadKeys(values);
  const report = (note: string): void => {
    output.message(`cryoscope: ${note}`);
  };
  const tree = await openSealedTree(path, keys, { ...sealOptions(values), report });
  try {
    // Before anything is written: a key that doesn't fit leaves no folder behind.
    const layers = await openLayers(tree, keys);
    try {
      report(`${values.output} ${WARNING}`);
      return await writeAll(tree, layers, await createOutFolder(values.output), output);
    } finally {
      for (const seal of layers.values()) seal.dispose();
    }
  } finally {
    await tree.close();
    forgetKeys(keys);
  }
};

/** The seals of all layers that are sealed, by folder. */
async function openLayers(tree: FileTree, keys: readonly Key[]): Promise<ReadonlyMap<string, LayerSeal>> {
  const layers = new Map<string, LayerSeal>();
  for await (const { folder, entries } of walkFolders(tree)) {
    if (!entries.some(({ name }) => /^(cipher|inventory|pstree)\.img$/.test(name))) continue;
    const state = await sealState(tree, folder);
    if (state === "keysLost") throw sealErrors.keysLost(folder === "" ? tree.name : folder);
    const seal = await openSealedLayer(tree, folder, keys);
    if (seal) layers.set(folder, seal);
  }
  return layers;
}

async function writeAll(
  tree: FileTree,
  layers: ReadonlyMap<string, LayerSeal>,
  target: OutFolder,
  output: CliOutput,
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const links: string[] = [];
  for await (const { folder, entries } of walkFolders(tree)) {
    await target.folder(folder);
    const seal = layers.get(folder);
    for (const entry of entries) {
      if (entry.kind === "link") links.push(entry.path);
      if (entry.kind !== "file" || (seal && entry.name === CIPHER_IMAGE)) continue;
      if (!(await writeOne(tree, entry, seal, target, output))) exit = EXIT.findings;
    }
  }
  // Last, so that nothing is written through one.
  for (const path of links)
    if (!(await target.link(path, await tree.readLink(path)))) {
      output.message(
        `cryoscope: the link ${JSON.stringify(path)} leads out of the checkpoint, and is left out.`,
      );
      exit = EXIT.findings;
    }
  return exit;
}

/** Writes one file; one that isn't authentic is named and left out. */
async function writeOne(
  tree: FileTree,
  { name, path }: TreeEntry,
  seal: LayerSeal | undefined,
  target: OutFolder,
  output: CliOutput,
): Promise<boolean> {
  const source = await tree.open(path);
  try {
    const content = seal ? unsealImage(name, source, seal) : readChunks(source, { chunk: CHUNK });
    await target.file(path, content);
    return true;
  } catch (error) {
    if (!(error instanceof CryoscopeError) || !/^(seal|criu|bytes)\./.test(error.code)) throw error;
    output.message(`cryoscope: ${path} is left out: ${errorText(error)}`);
    return false;
  } finally {
    await source.close?.();
  }
}

import { readFile, stat } from "node:fs/promises";
import { openTree } from "../archive/index.ts";
import type { FileTree } from "../archive/index.ts";
import { openFileSource, readChunks } from "../bytes/index.ts";
import { openSealedTree, parseRecipient, sealErrors, sealLayer, sealWithAge } from "../seal/index.ts";
import type { CriuRecipient } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";
import { createOutFolder, writeNewFile } from "./out-folder.ts";
import type { CliOutput } from "./output.ts";
import { packTar } from "./pack-tar.ts";
import { walkFolders } from "./walk.ts";

const OPTIONS = {
  ...KEY_OPTIONS,
  recipient: { type: "string", short: "r", multiple: true, default: [] as string[] },
  output: { type: "string", short: "o" },
} as const;

const CHUNK = 1 << 20;
const MAX_RECIPIENTS_FILE = 1 << 20;

/** `cryoscope seal CHECKPOINT --recipient … -o OUT`: a copy for somebody else's eyes, with age or as CRIU seals. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("seal", args, OPTIONS, "CHECKPOINT");
  if (values.output === undefined) throw cliErrors.usage("-o OUT is missing.", "seal");
  const { age, criu } = await readRecipients(values.recipient);
  if (age.length > 0 && criu.length > 0)
    throw cliErrors.usage("Recipients of age and certificates don't go together.", "seal");
  const [certificate, ...others] = criu;
  if (certificate === undefined) {
    if (age.length === 0) throw cliErrors.usage("--recipient is missing.", "seal");
    await sealForAge(path, age, values.output);
    return EXIT.done;
  }
  if (others.length > 0) throw cliErrors.usage("CRIU seals for one certificate alone.", "seal");
  for (const note of certificate.notes) output.message(`cryoscope: ${note}`);
  return sealForCriu(path, certificate, values.output, values, output);
};

async function readRecipients(
  words: readonly string[],
): Promise<{ age: readonly string[]; criu: readonly CriuRecipient[] }> {
  const age: string[] = [];
  const criu: CriuRecipient[] = [];
  for (const word of words) {
    if (word.startsWith("age1")) {
      age.push(word);
      continue;
    }
    const found = await stat(word).catch(() => undefined);
    if (found?.isFile() !== true || found.size > MAX_RECIPIENTS_FILE)
      throw sealErrors.notARecipient(`neither an age recipient nor a file (${JSON.stringify(word)})`);
    const text = await readFile(word, "utf8");
    const lines = text.split(/\r?\n/).filter((line) => /^age1[0-9a-z]+$/.test(line));
    if (lines.length > 0) age.push(...lines);
    else criu.push(parseRecipient(text, word));
  }
  return { age, criu };
}

/** An archive as it is; a folder as a tar. */
async function sealForAge(path: string, recipients: readonly string[], out: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    const tree = await openTree(path, { raw: true });
    try {
      await writeNewFile(out, await sealWithAge(recipients, packTar(tree)));
    } finally {
      await tree.close();
    }
    return;
  }
  const source = await openFileSource(path);
  try {
    await writeNewFile(out, await sealWithAge(recipients, readChunks(source, { chunk: CHUNK })));
  } finally {
    await source.close?.();
  }
}

/** A folder with the files of the checkpoint, each layer of images sealed. */
async function sealForCriu(
  path: string,
  recipient: CriuRecipient,
  out: string,
  files: KeyFiles,
  output: CliOutput,
): Promise<ExitCode> {
  const keys = await loadKeys(files);
  const tree = await openSealedTree(path, keys, sealOptions(files));
  try {
    const folders: string[] = [];
    for await (const { folder, entries } of walkFolders(tree))
      if (entries.some(({ name }) => /^(inventory|pstree|pagemap-.*)\.img$/.test(name))) folders.push(folder);
    if (folders.length === 0)
      throw sealErrors.unsupported(
        path,
        "no checkpoint with images",
        "Seal it for a recipient of age instead.",
      );
    return await writeSealed(tree, new Set(folders), recipient, out, output);
  } finally {
    await tree.close();
    forgetKeys(keys);
  }
}

async function writeSealed(
  tree: FileTree,
  layers: ReadonlySet<string>,
  recipient: CriuRecipient,
  out: string,
  output: CliOutput,
): Promise<ExitCode> {
  const target = await createOutFolder(out);
  const links: string[] = [];
  for await (const { folder, entries } of walkFolders(tree)) {
    await target.folder(folder);
    for (const { kind, path } of entries) if (kind === "link") links.push(path);
    const prefix = folder === "" ? "" : `${folder}/`;
    if (layers.has(folder)) {
      for await (const { name, content } of sealLayer(tree, folder, recipient))
        await target.file(`${prefix}${name}`, content);
      continue;
    }
    for (const { kind, path } of entries) {
      if (kind !== "file") continue;
      const source = await tree.open(path);
      await target
        .file(path, readChunks(source, { chunk: CHUNK }))
        .finally(() => source.close?.() ?? Promise.resolve());
      output.message(`cryoscope: ${path} is no image of CRIU's, and is copied as it is.`);
    }
  }
  let exit: ExitCode = EXIT.done;
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

import { archiveErrors } from "../archive/index.ts";
import { readChunks } from "../bytes/index.ts";
import { insideTree, TREE_OPTIONS, withFiles } from "./archive-tree.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";

/** `cryoscope cat CHECKPOINT PATH`: the bytes of a file of a checkpoint's archive, also of archives in it. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("cat", args, TREE_OPTIONS);
  const [checkpoint, inner, ...others] = positionals;
  if (checkpoint === undefined) throw cliErrors.usage("CHECKPOINT is missing.", "cat");
  if (inner === undefined) throw cliErrors.usage("PATH is missing.", "cat");
  if (others.length > 0)
    throw cliErrors.usage(`One PATH is enough; "${others.join(" ")}" is too much.`, "cat");
  return withFiles(checkpoint, values, async (tree) => {
    const path = insideTree(inner);
    const entry = await tree.stat(path);
    if (entry === undefined) throw archiveErrors.notFound(path, tree.name);
    if (entry.kind === "link") throw archiveErrors.linkNotRead(path, await tree.readLink(path));
    const source = await tree.open(path);
    try {
      // A terminal gets text; everything else gets the bytes as they are.
      const decoder = output.toTerminal ? new TextDecoder() : undefined;
      for await (const bytes of readChunks(source))
        await output.write(decoder ? printable(decoder.decode(bytes, { stream: true })) : bytes);
    } finally {
      await source.close?.();
    }
    return EXIT.done;
  });
};

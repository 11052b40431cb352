import { openCheckpoint } from "../checkpoint/index.ts";
import type { SealFor } from "../checkpoint/index.ts";
import { openSealedLayer, sealErrors } from "../seal/index.ts";
import type { Key, LayerSeal } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { inspectDocument } from "./inspect-document.ts";
import { inspectText } from "./inspect-text.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";
import { openSealedTree } from "./sealed-tree.ts";

const OPTIONS = { ...KEY_OPTIONS, json: { type: "boolean" } } as const;

/** `cryoscope inspect CHECKPOINT`: who made it, what ran in it, what is wrong with it. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("inspect", args, OPTIONS, "CHECKPOINT");
  const keys = await loadKeys(values);
  const seals: LayerSeal[] = [];
  const tree = await openSealedTree(path, keys, sealOptions(values));
  try {
    const checkpoint = await openCheckpoint(tree, { sealFor: sealWith(keys, seals) });
    try {
      const document = await inspectDocument(checkpoint);
      // Standard output of JSON is read by programs, of text by people.
      await output.write(
        values.json === true
          ? `${JSON.stringify(document, undefined, 2)}\n`
          : inspectText(document, output.toTerminal ? process.stdout.columns : undefined),
      );
      return document.problems.some(({ severity }) => severity === "error") ? EXIT.findings : EXIT.done;
    } finally {
      await checkpoint.close();
    }
  } finally {
    await tree.close();
    for (const seal of seals) seal.dispose();
    forgetKeys(keys);
  }
};

/** Opens seals with the keys of the command line, and leaves them in `opened` to be disposed of. */
function sealWith(keys: readonly Key[], opened: LayerSeal[]): SealFor {
  return async ({ tree, folder, cipherPath }) => {
    const seal = await openSealedLayer(tree, folder, keys);
    if (seal === undefined) throw sealErrors.keyNeeded(cipherPath);
    opened.push(seal);
    return seal;
  };
}

import { basename, resolve } from "node:path";
import { Readable } from "node:stream";
import { archiveErrors, checkpointImage } from "../archive/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { loadEngines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  output: { type: "string", short: "o" },
  reference: { type: "string" },
  name: { type: "string" },
  architecture: { type: "string" },
} as const;

/** `cryoscope container-image ARCHIVE -o FILE`: an oci-archive of a checkpoint, for Podman, CRI-O and Kubernetes. */
export const run: RunCommand = async (args, output) => {
  const { values, operand } = parseCommandLine("container-image", args, OPTIONS, "ARCHIVE");
  if (values.output === undefined) throw cliErrors.usage("-o FILE is missing.", "container-image");
  const path = resolve(operand);
  const plain = basename(path)
    .replace(/\.(tar(\.\w+)?|tgz)$/, "")
    .toLowerCase();
  const words = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const reference = values.reference ?? `localhost/${words === "" ? "checkpoint" : words}:frozen`;
  const { isReference, writeWhole } = await loadEngines();
  if (!isReference(reference)) throw cliErrors.usage(`"${reference}" is no reference.`, "container-image");
  const image = await checkpointImage(path, {
    reference,
    created: new Date().toISOString(),
    ...(values.name !== undefined && { name: values.name }),
    ...(values.architecture !== undefined && { architecture: values.architecture }),
  });
  try {
    const target = resolve(values.output);
    await writeWhole(target, Readable.from(image.bytes(), { objectMode: false }), {
      failed: (cause) => archiveErrors.unreadable(path, cause),
    });
    await output.write(`${printable(`${reference} ${image.digest}`)}\n`);
    return EXIT.done;
  } finally {
    await image.close();
  }
};

import { cryoscopeError } from "../bytes/index.ts";
import { readRecipients, sealCopy } from "../seal/index.ts";
import type { Passphrase, SealTarget } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { forgetKeys, loadKeys, readPassphrase, sealOptions } from "./keys.ts";
import { longWork } from "./long-work.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...KEY_OPTIONS,
  recipient: { type: "string", short: "r", multiple: true, default: [] as string[] },
  "new-passphrase-file": { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** `cryoscope seal CHECKPOINT --recipient … -o OUT`: a copy for somebody else's eyes, with age or as CRIU seals. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("seal", args, OPTIONS, "CHECKPOINT");
  if (values.output === undefined) throw cliErrors.usage("-o OUT is missing.", "seal");
  const target = await targetOf(values.recipient, values["new-passphrase-file"]);
  const keys = await loadKeys(values);
  try {
    const out = values.output;
    const { leftOut } = await longWork(output, (work) =>
      sealCopy(path, target, out, {
        ...sealOptions(values),
        ...work,
        keys,
        report: (note) => {
          output.message(`cryoscope: ${printable(note)}`);
        },
      }),
    );
    return leftOut > 0 ? EXIT.findings : EXIT.done;
  } finally {
    forgetKeys(keys);
    if (target.kind === "passphrase") target.passphrase.bytes.fill(0);
  }
};

async function targetOf(
  recipients: readonly string[],
  passphraseFile: string | undefined,
): Promise<SealTarget> {
  if (passphraseFile === undefined) {
    if (recipients.length === 0) throw cliErrors.usage("--recipient is missing.", "seal");
    return readRecipients(recipients);
  }
  // age's rule, too: whoever reads it would think that the passphrase is needed.
  if (recipients.length > 0) throw cliErrors.usage("A passphrase and recipients don't go together.", "seal");
  const text = await readPassphrase(passphraseFile);
  if (text === "")
    throw cryoscopeError("cli.emptyPassphrase", "The passphrase is empty.", {
      file: passphraseFile,
      next: "Write one on the first line of the file.",
    });
  const key: Passphrase = {
    kind: "passphrase",
    name: "the new passphrase",
    bytes: Buffer.from(text, "utf8"),
  };
  return { kind: "passphrase", passphrase: key };
}

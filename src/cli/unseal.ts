import { UNSEAL_WARNING, unsealCopy } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";
import { longWork } from "./long-work.ts";
import { printable } from "./output.ts";

const OPTIONS = { ...KEY_OPTIONS, output: { type: "string", short: "o" } } as const;

/** `cryoscope unseal CHECKPOINT --key … -o DIR`: plain files, for those who need them. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("unseal", args, OPTIONS, "CHECKPOINT");
  const out = values.output;
  if (out === undefined) throw cliErrors.usage("-o DIR is missing.", "unseal");
  const keys = await loadKeys(values);
  const report = (note: string): void => {
    output.message(`cryoscope: ${printable(note)}`);
  };
  try {
    const { leftOut, brokenLayers } = await longWork(output, (work) =>
      unsealCopy(path, out, {
        ...sealOptions(values),
        ...work,
        keys,
        report,
        beforeWriting: () => {
          report(`${out} ${UNSEAL_WARNING}`);
        },
      }),
    );
    return leftOut + brokenLayers > 0 ? EXIT.findings : EXIT.done;
  } finally {
    forgetKeys(keys);
  }
};

import { imageSpanBatches } from "../criu/index.ts";
import type { LabelledSpan } from "../criu/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { withImage } from "./image.ts";

/** `cryoscope spans IMAGE`: what each byte is. Any file is good; what isn't understood is `unknown`. */
export const run: RunCommand = async (args, output) => {
  const { values, operand } = parseCommandLine("spans", args, KEY_OPTIONS, "IMAGE");
  return withImage(operand, values, async ({ image }) => {
    for await (const batch of imageSpanBatches(image)) await output.write(batch.map(lineOf).join(""));
    for (const { message } of image.problems) output.message(`cryoscope: ${operand}: ${message}`);
    return EXIT.done;
  });
};

function lineOf({ start, end, kind, path }: LabelledSpan): string {
  return `${JSON.stringify({ start, end, kind, path })}\n`;
}

import { decodeAs } from "../../../criu/index.ts";
import type { MessageMap, MessageName } from "../../../criu/index.ts";
import { pathInLayer } from "../../layers.ts";
import type { Layer } from "../../layers.ts";
import { pacer } from "../../pace.ts";
import { orReport } from "../../problems.ts";
import type { Report } from "../../problems.ts";
import { withImage } from "../../records.ts";

/** More messages than a namespace of a router has routes. */
const MAX_MESSAGES = 1_000_000;

/** The messages of a kind in a raw image, which may hold others too; none when the image is absent. */
export async function readMessages<Name extends MessageName>(
  layer: Layer,
  file: string,
  name: Name,
  report: Report,
): Promise<readonly MessageMap[Name][]> {
  if (layer.files.get(file)?.kind !== "file") return [];
  const path = pathInLayer(layer, file);
  const messages: MessageMap[Name][] = [];
  await orReport(report, path, undefined, () =>
    withImage(layer.tree, path, layer.seal, async (image) => {
      const tell: Report = (problem) => {
        report({ ...problem, file: path });
      };
      image.problems.forEach(tell);
      const pause = pacer();
      for await (const { message, problems } of image.entries(0, MAX_MESSAGES)) {
        problems.forEach(tell);
        if (message.schema?.name === name) messages.push(decodeAs(name, message, tell, path));
        await pause();
      }
      return undefined;
    }),
  );
  return messages;
}

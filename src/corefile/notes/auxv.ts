import type { ProcessDetails } from "../../checkpoint/index.ts";
import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note } from "../machines/index.ts";

/** The auxiliary vector: pairs of type and value, ended by AT_NULL. Debuggers place a PIE by it. */
export function auxiliaryNote({ auxiliary }: ProcessDetails, { word }: Machine): Note {
  const writer = new BytesWriter(word);
  for (const { type, value } of auxiliary) writer.long(type).long(value);
  return { name: "CORE", type: NT.auxv, content: writer.long(0n).long(0n).done() };
}

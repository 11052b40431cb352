// Whether the generated schema is older than what it is made from. Plain JavaScript, because run.mjs needs it before tsx.
import { readdirSync, statSync } from "node:fs";

const OUTPUTS = ["src/criu/generated/schema.json", "src/criu/generated/messages.ts"];
const COMPILER = ["scripts/proto.ts", "scripts/proto-types.ts"];

export function isStale() {
  const protos = readdirSync("proto").filter((name) => name.endsWith(".proto"));
  // The folder itself changes when a file is taken out of it.
  const newest = Math.max(...["proto", ...protos.map((name) => `proto/${name}`), ...COMPILER].map(changed));
  return OUTPUTS.some((path) => changed(path) < newest);
}

function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

import { encodeText } from "../bytes/index.ts";
import { openProcFs, procfsErrors } from "../procfs/index.ts";
import type { ProcEntry, ProcFs, ProcStat } from "../procfs/index.ts";
import { KEY_OPTIONS, parseWords } from "./arguments.ts";
import { withCheckpoint } from "./with-checkpoint.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = { ...KEY_OPTIONS, json: { type: "boolean" } } as const;

/** What `--json` prints (docs/proc.schema.json). */
export type ProcDocument = { readonly path: string } & (
  | { readonly kind: "folder"; readonly entries: readonly ProcEntry[] }
  | { readonly kind: "file"; readonly text: string }
  // What is no UTF-8.
  | { readonly kind: "file"; readonly base64: string }
  | { readonly kind: "link"; readonly target: string }
);

/** `cryoscope proc CHECKPOINT PATH`: a file of the frozen /proc, as cat prints it, or the names in a folder. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("proc", args, OPTIONS);
  const [checkpointPath, path = "/proc", ...others] = positionals;
  if (checkpointPath === undefined) throw cliErrors.usage("CHECKPOINT is missing.", "proc");
  if (others.length > 0)
    throw cliErrors.usage(`One PATH is enough; "${others.join(" ")}" is too much.`, "proc");
  return withCheckpoint(checkpointPath, values, async (checkpoint) => {
    const proc = openProcFs(checkpoint);
    const inside = insideProc(path);
    const found = await proc.stat(inside);
    if (found === undefined) throw procfsErrors.notFound(shown(inside));
    if (values.json === true)
      await output.write(`${JSON.stringify(await documentOf(proc, inside, found), undefined, 2)}\n`);
    else await print(proc, inside, found, output);
    return EXIT.done;
  });
};

/** The path below /proc; `/proc/1/maps`, `1/maps` and `1//maps/` name the same file. */
function insideProc(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return (parts[0] === "proc" ? parts.slice(1) : parts).join("/");
}

const shown = (inside: string): string => (inside === "" ? "/proc" : `/proc/${inside}`);

async function documentOf(
  proc: ProcFs,
  inside: string,
  { kind, target = "" }: ProcStat,
): Promise<ProcDocument> {
  const path = shown(inside);
  if (kind === "folder") return { path, kind, entries: await proc.list(inside) };
  if (kind === "link") return { path, kind, target };
  const bytes = await proc.read(inside);
  const text = textOf(bytes);
  return text === undefined
    ? { path, kind, base64: Buffer.from(bytes).toString("base64") }
    : { path, kind, text };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function print(
  proc: ProcFs,
  inside: string,
  { kind, target }: ProcStat,
  output: CliOutput,
): Promise<void> {
  const write = (text: string): Promise<void> => output.write(output.toTerminal ? printable(text) : text);
  if (kind === "folder")
    for (const entry of await proc.list(inside)) await write(`${entry.name}${SUFFIXES[entry.kind]}\n`);
  else if (kind === "link")
    await (output.toTerminal ? write(`${target ?? ""}\n`) : output.write(encodeText(`${target ?? ""}\n`)));
  else if (output.toTerminal) await write(new TextDecoder().decode(await proc.read(inside)));
  else await output.write(await proc.read(inside));
}

/** As `ls -F` marks them. */
const SUFFIXES = { folder: "/", link: "@", file: "" } as const;

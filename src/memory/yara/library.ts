// Where the WebAssembly of YARA-X is. It is as large as half of the extension, so it is not in it, but beside it: in a
// folder of its own that the project builds, in an extension of its own, or wherever a person says.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliDecompress } from "node:zlib";
import { promisify } from "node:util";
import { toCryoscopeError } from "../../bytes/index.ts";
import { memoryErrors } from "../errors.ts";

/** Folder of the library and the worker, from the file that this code is bundled into; scripts/build.ts sets them. */
declare const YARA_FOLDER: string | undefined;
declare const YARA_WORKER: string | undefined;
/** SHA-256 of the WebAssembly that the worker was built for, in hex. */
declare const YARA_SHA256: string | undefined;

/** As npm has it. */
const PLAIN = "yara_x_js_bg.wasm";
/** As the project packs it. */
const PACKED = "yara-x.wasm.br";
/** Where a person who names a folder may have put it: the package, or where it was installed. */
const PLACES = [
  PACKED,
  PLAIN,
  join("dist", PACKED),
  join("pkg", PLAIN),
  join("@virustotal", "yara-x", "pkg", PLAIN),
  join("node_modules", "@virustotal", "yara-x", "pkg", PLAIN),
];
const MAX_BYTES = 32 * 1024 * 1024;
const inflated = promisify(brotliDecompress);

export const yaraWorkerFile = (): string | URL =>
  typeof YARA_WORKER === "string"
    ? join(__dirname, YARA_WORKER)
    : new URL("./worker-source.mjs", import.meta.url);

/**
 * The WebAssembly of YARA-X: in one of the files and folders that are `named`, or where the project builds it. Only the very
 * file that the worker was built for is taken: it is a program. Throws `memory.noYara` and `memory.otherYara`.
 */
export async function loadYaraLibrary(named: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { file, size } = await findYaraLibrary(named);
  return checkedBytes(file, size);
}

async function findYaraLibrary(
  named: readonly string[],
): Promise<{ readonly file: string; readonly size: number }> {
  for (const place of [...named, ...ownFolders()])
    for (const file of [place, ...PLACES.map((inside) => join(place, inside))]) {
      const found = await stat(file).catch(() => undefined);
      if (found?.isFile() === true) return { file, size: found.size };
    }
  throw memoryErrors.noYara(named);
}

/** Whether YARA-X is in one of the files and folders that are `named`, or where the project builds it. */
export async function hasYara(named: readonly string[]): Promise<boolean> {
  try {
    await findYaraLibrary(named);
    return true;
  } catch (error) {
    if (toCryoscopeError(error).code === "memory.noYara") return false;
    throw error;
  }
}

function ownFolders(): readonly string[] {
  if (typeof YARA_FOLDER === "string") return [join(__dirname, YARA_FOLDER)];
  const require = createRequire(import.meta.url);
  return [dirname(require.resolve("@virustotal/yara-x/package.json"))];
}

async function checkedBytes(file: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  if (size > MAX_BYTES) throw memoryErrors.otherYara(file);
  const stored = await readFile(file);
  const bytes = file.endsWith(".br")
    ? await inflated(stored, { maxOutputLength: MAX_BYTES }).catch(() => undefined)
    : stored;
  if (bytes === undefined) throw memoryErrors.otherYara(file);
  const isOther =
    typeof YARA_SHA256 === "string" && createHash("sha256").update(bytes).digest("hex") !== YARA_SHA256;
  if (isOther) throw memoryErrors.otherYara(file);
  // Its own buffer, to be handed to a thread.
  return Uint8Array.from(bytes);
}

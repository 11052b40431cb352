// The WebAssembly that the package carries, packed.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** The WebAssembly of YARA-X: only the one that its JavaScript was made for is ever loaded. */
export const yaraX = await readFile("node_modules/@virustotal/yara-x/pkg/yara_x_js_bg.wasm");

/** Packs YARA-X into `dist/yara/`. Once, into the cache: it takes many seconds, and changes with its version only. */
export async function packYara(): Promise<void> {
  const file = ".cache/yara/yara-x.wasm.br";
  const known = await readFile(file).then(brotliDecompressSync, () => undefined);
  if (known?.equals(yaraX) !== true) await compressYara(file);
  await mkdir("dist/yara", { recursive: true });
  await copyFile(file, join("dist/yara", basename(file)));
}

async function compressYara(file: string): Promise<void> {
  const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT, BROTLI_MAX_WINDOW_BITS } = constants;
  const params = { [BROTLI_PARAM_LGWIN]: BROTLI_MAX_WINDOW_BITS, [BROTLI_PARAM_SIZE_HINT]: yaraX.length };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, brotliCompressSync(yaraX, { params }));
}

/** Packs the WebAssembly of Capstone: 1.8 MB become 0.4 MB. Well packed it takes seconds, so only for the package. */
export async function packCapstone(production: boolean): Promise<void> {
  const wasm = await readFile("node_modules/capstone-wasm/dist/capstone.wasm");
  const quality = production ? constants.BROTLI_MAX_QUALITY : constants.BROTLI_MIN_QUALITY;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 22 };
  await mkdir("dist", { recursive: true });
  await writeFile("dist/capstone.wasm.br", brotliCompressSync(wasm, { params }));
}

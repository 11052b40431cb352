// Builds dist/: the extension, its lazily loaded engine part, the CLI, the webviews and the tests that VS Code loads.
// `--watch` rebuilds on change; `--production` builds what is packaged, minified, into an empty dist/ without tests.
import { context } from "esbuild";
import type { BuildOptions, Plugin } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { compileSchema } from "./proto.ts";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const common: BuildOptions = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  logLevel: "warning",
  target: "node20",
  legalComments: "none",
};

/** dockerode and its kin are big and rarely needed: `import("../engine/index.ts")` becomes a require of its own file. */
const enginesApart: Plugin = {
  name: "engines-apart",
  setup(build) {
    build.onResolve({ filter: /\/engine\/index\.ts$/ }, (args) =>
      args.kind === "dynamic-import" ? { path: "./engine.cjs", external: true } : undefined,
    );
  },
};

/** Half of dockerode and its kin is for building images and for SSH, and nothing here calls it: it becomes an empty module. */
const dockerWithoutBuilds: Plugin = {
  name: "docker-without-builds",
  setup(build) {
    const unused = /^(ssh2|@grpc\/(grpc-js|proto-loader)|protobufjs)$/;
    build.onResolve({ filter: unused }, ({ path, importer }) =>
      /[\\/](dockerode|docker-modem)[\\/]/.test(importer) ? { path, namespace: "unused" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** Kubernetes' library is as big as all else of the engines, and needed by few. */
const kubernetesApart: Plugin = {
  name: "kubernetes-apart",
  setup(build) {
    build.onResolve({ filter: /\/kube-client\.ts$/ }, (args) =>
      args.kind === "dynamic-import" ? { path: "./kube-client.cjs", external: true } : undefined,
    );
  },
};

/**
 * What opens sealed files is big and rarely needed: `import("./openers.ts")` in src/seal is a bundle, and so is
 * `import("./library.ts")` in the folders of age, OpenPGP and SSH.
 */
const sealsApart: Plugin = {
  name: "seals-apart",
  setup(build) {
    build.onResolve({ filter: /^\.\/(library|openers)\.ts$/ }, ({ kind, path, importer }) => {
      if (kind !== "dynamic-import") return undefined;
      const folder = build.initialOptions.outdir === "dist/cli" ? ".." : ".";
      const part = path === "./openers.ts" ? "openers" : basename(dirname(importer));
      return { path: `${folder}/seal-${part}.cjs`, external: true };
    });
  },
};

/** Folders of src/seal with such a library. */
const SEAL_LIBRARIES = ["age", "openpgp", "ssh"];

/**
 * The command line in parts, so that a command loads its own code alone: each file of src/cli that is imported when it
 * is needed becomes dist/cli/NAME.cjs. What several use is in each of them; nothing there has a state to share.
 */
const cliParts: Plugin = {
  name: "cli-parts",
  setup(build) {
    build.onResolve({ filter: /^\.\/[a-z-]+\.ts$/ }, ({ kind, path, importer }) => {
      if (kind !== "dynamic-import" || basename(dirname(importer)) !== "cli") return undefined;
      const folder = importer.endsWith("start.ts") ? "./cli" : ".";
      return { path: `${folder}/${basename(path, ".ts")}.cjs`, external: true };
    });
    build.onResolve({ filter: /\/engine\/index\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "../engine.cjs", external: true } : undefined,
    );
    // Of the manifest the commands need the version, and not what the extension contributes.
    build.onLoad({ filter: /package\.json$/ }, async ({ path }) => {
      // As npm writes it.
      const { version } = JSON.parse(await readFile(path, "utf8")) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/** The schema in parts, parsed as they are needed, in one file for all bundles of a folder. */
const schemaInParts: Plugin = {
  name: "schema-in-parts",
  setup(build) {
    build.onResolve({ filter: /\/load-schema\.ts$/ }, async () => {
      const folder = build.initialOptions.outdir ?? "";
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "schema.json"), schemaParts(await readFile(SCHEMA, "utf8")));
      return { path: resolve("src/criu/load-schema-parts.ts") };
    });
  },
};

/** Modules only export: of a folder's face a bundle takes what it uses, and none of the tables it doesn't. */
const usedOnly: Plugin = {
  name: "used-only",
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path, resolveDir }) =>
      kind === "import-statement" ? { path: resolve(resolveDir, path), sideEffects: false } : undefined,
    );
  },
};

const SCHEMA = "src/criu/generated/schema.json";

/** The schema as `load-schema-parts.ts` reads it. */
function schemaParts(json: string): Buffer {
  // What scripts/proto.ts writes: tables of values by name.
  const schema = JSON.parse(json) as Record<string, Record<string, unknown>>;
  const parts: Buffer[] = [];
  let at = 0;
  const place = (value: unknown): readonly [number, number] => {
    const part = Buffer.from(JSON.stringify(value));
    parts.push(part);
    at += part.length;
    return [at - part.length, at];
  };
  const index = Object.entries(schema).map(([table, values]) => [
    table,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, place(value)])),
  ]);
  return Buffer.concat([Buffer.from(`${JSON.stringify(Object.fromEntries(index))}\n`), ...parts]);
}

/** What src/cli imports when it is needed: each becomes a file, whichever file there imports it. */
const CLI_PARTS = [
  ...new Set(
    readdirSync("src/cli")
      .flatMap((name) => [
        ...readFileSync(`src/cli/${name}`, "utf8").matchAll(/\bimport\("\.\/([a-z-]+)\.ts"\)/g),
      ])
      .map(([, name = ""]) => name),
  ),
];

/** Lines that tell the editor's task when a rebuild begins and ends (.vscode/tasks.json). */
const progress: Plugin = {
  name: "progress",
  setup(build) {
    build.onStart(() => {
      console.log("[watch] build started");
    });
    build.onEnd(() => {
      console.log("[watch] build finished");
    });
  },
};

const node: BuildOptions = {
  ...common,
  platform: "node",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  // Optional native speed-ups of ssh2; it does without them.
  external: ["vscode", "cpu-features", "*.node"],
};

const webviews = readdirSync("webview", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`webview/${entry.name}/main.ts`))
  .map((entry) => ({ in: `webview/${entry.name}/main.ts`, out: entry.name }));

/** The WebAssembly of YARA-X: only the one that its JavaScript was made for is ever loaded. */
const yaraX = await readFile("node_modules/@virustotal/yara-x/pkg/yara_x_js_bg.wasm");

/** Packs YARA-X into `dist/yara/`. Once, into the cache: it takes many seconds, and changes with its version only. */
async function packYara(): Promise<void> {
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

/** Where `src/archive` and `src/memory` find their workers, from the folder that the code is bundled into. */
const workersIn = (folder: string): Pick<BuildOptions, "define" | "logOverride"> => ({
  define: {
    CODEC_WORKER: JSON.stringify(`${folder}codecs.cjs`),
    SEARCH_WORKER: JSON.stringify(`${folder}search-worker.cjs`),
    YARA_WORKER: JSON.stringify(`${folder}yara-worker.cjs`),
    YARA_FOLDER: JSON.stringify(`${folder}yara`),
    YARA_SHA256: JSON.stringify(createHash("sha256").update(yaraX).digest("hex")),
    ...capstoneIn(folder),
  },
  // Where there is no bundle, `import.meta` tells where the worker is.
  logOverride: { "empty-import-meta": "silent" },
});

/** Where the disassembler's WebAssembly is, from the folder that the code is bundled into; see `packCapstone`. */
const capstoneIn = (folder: string): Record<string, string> => ({
  CAPSTONE_WASM: JSON.stringify(`${folder}capstone.wasm.br`),
});

/** Packs the WebAssembly of Capstone: 1.8 MB become 0.4 MB. Well packed it takes seconds, so only for the package. */
async function packCapstone(): Promise<void> {
  const wasm = await readFile("node_modules/capstone-wasm/dist/capstone.wasm");
  const quality = production ? constants.BROTLI_MAX_QUALITY : constants.BROTLI_MIN_QUALITY;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 22 };
  await mkdir("dist", { recursive: true });
  await writeFile("dist/capstone.wasm.br", brotliCompressSync(wasm, { params }));
}

/** The tests of one folder with the runner that VS Code loads, each bundled into a file of its own. */
function testsOf(folder: string): BuildOptions {
  const tests = readdirSync(`test/${folder}`).filter((name) => name.endsWith(".test.ts"));
  return {
    ...node,
    entryPoints: [
      { in: "test/vscode/index.ts", out: "index" },
      ...tests.map((name) => ({ in: `test/${folder}/${name}`, out: name.replace(/\.ts$/, "") })),
    ],
    outdir: `dist/test/${folder}`,
    ...workersIn("../../"),
    external: ["vscode", "mocha"],
  };
}

const builds: BuildOptions[] = [
  {
    ...node,
    entryPoints: [{ in: "src/vscode/extension.ts", out: "extension" }],
    outdir: "dist",
    plugins: [enginesApart, sealsApart, schemaInParts, usedOnly],
    ...workersIn("./"),
  },
  {
    ...node,
    entryPoints: [{ in: "src/cli/start.ts", out: "cli" }],
    outdir: "dist",
    plugins: [cliParts],
    supported: { "dynamic-import": false },
    banner: { js: "#!/usr/bin/env node" },
  },
  {
    ...node,
    entryPoints: CLI_PARTS.map((name) => ({ in: `src/cli/${name}.ts`, out: name })),
    outdir: "dist/cli",
    plugins: [sealsApart, cliParts, schemaInParts, usedOnly],
    ...workersIn("../"),
    // `require` instead: the loader of modules would take longer to start than what it loads.
    supported: { "dynamic-import": false },
  },
  {
    ...node,
    entryPoints: [
      { in: "src/engine/index.ts", out: "engine" },
      { in: "src/engine/kube-client.ts", out: "kube-client" },
    ],
    outdir: "dist",
    plugins: [kubernetesApart, dockerWithoutBuilds],
  },
  {
    ...node,
    entryPoints: [
      { in: "src/seal/openers.ts", out: "seal-openers" },
      ...SEAL_LIBRARIES.map((name) => ({ in: `src/seal/${name}/library.ts`, out: `seal-${name}` })),
    ],
    outdir: "dist",
    // Its module form asks where it lies, which a bundle of CommonJS can't say.
    alias: { openpgp: resolve("node_modules/openpgp/dist/node/openpgp.min.cjs") },
    plugins: [sealsApart, schemaInParts, usedOnly],
    ...workersIn("./"),
  },
  {
    ...node,
    entryPoints: [
      { in: "src/archive/codecs/worker.ts", out: "codecs" },
      { in: "src/memory/search/worker.ts", out: "search-worker" },
      { in: "src/memory/yara/worker.ts", out: "yara-worker" },
    ],
    outdir: "dist",
    // YARA-X asks where it lies only when it isn't given its WebAssembly.
    logOverride: { "empty-import-meta": "silent" },
  },
  {
    ...common,
    entryPoints: [...webviews, { in: "webview/ui/toolkit.ts", out: "toolkit" }],
    outdir: "dist/webview",
    platform: "browser",
    format: "esm",
    target: "es2022",
    loader: { ".ttf": "file" },
  },
];

if (!production) builds.push(testsOf("vscode"), testsOf("vscode-lab"), testsOf("vscode-sealed"));

await compileSchema();
if (production) rmSync("dist", { recursive: true, force: true });
await packCapstone();
try {
  await packYara();
  for (const options of builds) {
    const plugins = [...(options.plugins ?? []), ...(watch ? [progress] : [])];
    const build = await context({ ...options, plugins });
    if (watch) await build.watch();
    else await build.rebuild().finally(() => build.dispose());
  }
} catch {
  // esbuild has said where and why.
  process.exitCode = 1;
}

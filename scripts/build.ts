// Builds dist/: the extension, its lazily loaded engine part, the CLI, the webviews and the tests that VS Code loads.
// `--watch` rebuilds on change; `--production` builds what is packaged, minified, into an empty dist/ without tests.
import { context } from "esbuild";
import type { BuildOptions } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import {
  cliParts,
  dockerWithoutBuilds,
  enginesApart,
  kubernetesApart,
  progress,
  schemaInParts,
  sealsApart,
  usedOnly,
} from "./build-plugins.ts";
import { packCapstone, packYara, yaraX } from "./build-wasm.ts";
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

/** What src/cli imports when it is needed: each becomes a file, whichever file there imports it. */
const CLI_PARTS = [
  ...new Set(
    readdirSync("src/cli", { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => [
        ...readFileSync(`src/cli/${name}`, "utf8").matchAll(/\bimport\("\.\.?\/([a-z-]+)\.ts"\)/g),
      ])
      .map(([, name = ""]) => name),
  ),
];

/** Folders of src/seal with such a library. */
const SEAL_LIBRARIES = ["age", "openpgp", "ssh"];

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

/** Where `src/archive` and `src/memory` find their workers, and `src/criu` its schema, from the folder that the code is bundled into. */
const workersIn = (folder: string): Pick<BuildOptions, "define" | "logOverride"> => ({
  define: {
    CODEC_WORKER: JSON.stringify(`${folder}codecs.cjs`),
    SEARCH_WORKER: JSON.stringify(`${folder}search-worker.cjs`),
    YARA_WORKER: JSON.stringify(`${folder}yara-worker.cjs`),
    YARA_FOLDER: JSON.stringify(`${folder}yara`),
    SCHEMA_FILE: JSON.stringify(`${folder}schema.json`),
    YARA_SHA256: JSON.stringify(createHash("sha256").update(yaraX).digest("hex")),
    ...capstoneIn(folder),
  },
  // Where there is no bundle, `import.meta` tells where the worker is.
  logOverride: { "empty-import-meta": "silent" },
});

/** Where the disassembler's WebAssembly is, from the folder that the code is bundled into; see `packCapstone` of build-wasm.ts. */
const capstoneIn = (folder: string): Record<string, string> => ({
  CAPSTONE_WASM: JSON.stringify(`${folder}capstone.wasm.br`),
});

/** Its module form asks where it lies, which a bundle of CommonJS can't say. */
const OPENPGP = { openpgp: resolve("node_modules/openpgp/dist/node/openpgp.min.cjs") };

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
    plugins: [enginesApart("../../")],
    ...workersIn("../../"),
    alias: OPENPGP,
    external: ["vscode", "mocha"],
  };
}

const builds: BuildOptions[] = [
  {
    ...node,
    entryPoints: [{ in: "src/vscode/extension.ts", out: "extension" }],
    outdir: "dist",
    plugins: [enginesApart("./"), sealsApart, schemaInParts, usedOnly],
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
    alias: OPENPGP,
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
await packCapstone(production);
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

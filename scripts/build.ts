// Builds dist/: the extension, its lazily loaded engine part, the CLI and the webviews. `--watch` rebuilds on change.
import { context } from "esbuild";
import type { BuildOptions, Plugin } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { compileSchema } from "./proto.ts";

const production = process.argv.includes("--production");
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

const node: BuildOptions = {
  ...common,
  platform: "node",
  format: "cjs",
  // Optional native speed-ups of ssh2; it does without them.
  external: ["vscode", "cpu-features", "*.node"],
};

const webviews = readdirSync("webview", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`webview/${entry.name}/main.ts`))
  .map((entry) => ({ in: `webview/${entry.name}/main.ts`, out: entry.name }));

const builds: BuildOptions[] = [
  {
    ...node,
    entryPoints: [{ in: "src/vscode/extension.ts", out: "extension" }],
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    plugins: [enginesApart],
  },
  {
    ...node,
    entryPoints: [{ in: "src/cli/main.ts", out: "cli" }],
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    plugins: [enginesApart],
    banner: { js: "#!/usr/bin/env node" },
  },
  {
    ...node,
    entryPoints: [{ in: "src/engine/index.ts", out: "engine" }],
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
  },
  {
    ...common,
    entryPoints: webviews,
    outdir: "dist/webview",
    platform: "browser",
    format: "esm",
    target: "es2022",
    loader: { ".ttf": "file" },
  },
];

await compileSchema();
for (const options of builds) {
  const build = await context(options);
  if (process.argv.includes("--watch")) await build.watch();
  else {
    await build.rebuild();
    await build.dispose();
  }
}

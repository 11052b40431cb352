// What is done to modules on their way into a bundle: which are left out to be bundles of their own, and which are emptied.
import type { Plugin } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";

/**
 * dockerode and its kin are big and rarely needed: `import("../engine/index.ts")` becomes a require of its own file, which
 * is in `folder` from the bundle on.
 */
export const enginesApart = (folder: string): Plugin => ({
  name: "engines-apart",
  setup(build) {
    build.onResolve({ filter: /\/engine\/index\.ts$/ }, (args) =>
      args.kind === "dynamic-import" ? { path: `${folder}engine.cjs`, external: true } : undefined,
    );
  },
});

/** Half of dockerode and its kin is for building images and for SSH, and nothing here calls it: it becomes an empty module. */
export const dockerWithoutBuilds: Plugin = {
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
export const kubernetesApart: Plugin = {
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
export const sealsApart: Plugin = {
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

/**
 * The command line in parts, so that a command loads its own code alone: each file of src/cli that is imported when it
 * is needed becomes dist/cli/NAME.cjs. What several use is in each of them; nothing there has a state to share.
 */
export const cliParts: Plugin = {
  name: "cli-parts",
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/[a-z-]+\.ts$/ }, ({ kind, path, resolveDir, importer }) => {
      if (kind !== "dynamic-import" || dirname(resolve(resolveDir, path)) !== resolve("src/cli"))
        return undefined;
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

/** The schema in parts, parsed as they are needed, in one file for all bundles: `SCHEMA_FILE` says where it is. */
export const schemaInParts: Plugin = {
  name: "schema-in-parts",
  setup(build) {
    build.onResolve({ filter: /\/load-schema\.ts$/ }, async () => {
      await mkdir("dist", { recursive: true });
      await writeFile("dist/schema.json", schemaParts(await readFile(SCHEMA, "utf8")));
      return { path: resolve("src/criu/load-schema-parts.ts") };
    });
  },
};

/** Modules only export: of a folder's face a bundle takes what it uses, and none of the tables it doesn't. */
export const usedOnly: Plugin = {
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

/** Lines that tell the editor's task when a rebuild begins and ends (.vscode/tasks.json). */
export const progress: Plugin = {
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

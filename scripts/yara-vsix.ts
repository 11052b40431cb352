// The extension `cryoscope-yara`: nothing but the WebAssembly of YARA-X, which would be half of Cryoscope's own package.
import { createVSIX } from "@vscode/vsce";
import { copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const PACKED = "yara-x.wasm.br";
const LIMIT = 2 << 20;

const README = `# YARA for Cryoscope

The engine that _Scan Memory with YARA Rules…_ and \`cryoscope yara\` need: the WebAssembly of YARA-X by VirusTotal, as it is
in the npm package \`@virustotal/yara-x\` (BSD-3-Clause). It does nothing by itself. For the command line, name the folder of
this extension in \`--library\` or \`CRYOSCOPE_YARA\`.
`;

interface Manifest {
  readonly version: string;
  readonly publisher: string;
  readonly engines: { readonly vscode: string };
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Where `packageYara` puts its file. */
export async function yaraVsixFile(project: string): Promise<string> {
  const { version } = await manifestOf(project);
  return join(project, `cryoscope-yara-${version}.vsix`);
}

/** The project's own manifest. */
const manifestOf = async (project: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(project, "package.json"), "utf8")) as Manifest;

/** Packs `cryoscope-yara-VERSION.vsix` out of `dist/yara/`. Gives the file and its bytes; throws when it is too large. */
export async function packageYara(
  project: string,
): Promise<{ readonly file: string; readonly bytes: number }> {
  const { version, publisher, engines, devDependencies } = await manifestOf(project);
  const folder = join(project, ".cache", "yara-extension");
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "dist"), { recursive: true });
  const manifest = {
    name: "cryoscope-yara",
    displayName: "YARA for Cryoscope",
    description: "YARA-X for Cryoscope's scans of frozen memory.",
    ...{ version, publisher },
    license: "BSD-3-Clause",
    engines: { vscode: engines.vscode },
    categories: ["Other"],
    // What the file in it is, for people who look.
    yaraX: devDependencies["@virustotal/yara-x"],
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
  await writeFile(join(folder, "README.md"), README);
  await writeFile(join(folder, ".vscodeignore"), "");
  await copyFile(join(project, "dist", "yara", PACKED), join(folder, "dist", PACKED));
  const file = await yaraVsixFile(project);
  await createVSIX({
    cwd: folder,
    packagePath: file,
    dependencies: false,
    allowMissingRepository: true,
    skipLicense: true,
    rewriteRelativeLinks: false,
  });
  const { size } = await stat(file);
  if (size > LIMIT) {
    await rm(file);
    throw new Error(`Not packaged: ${file} has ${size} bytes, more than ${LIMIT}.`);
  }
  return { file, bytes: size };
}

// `npm run package`: a production build, packed into cryoscope-VERSION.vsix, within its limits or not at all, and beside it
// cryoscope-yara-VERSION.vsix, which brings YARA.
import { PROJECT } from "../test/host/index.ts";
import { packageExtension } from "./vsix.ts";
import { packageYara } from "./yara-vsix.ts";

try {
  const { file, files, bytes } = await packageExtension(PROJECT);
  console.log(`${file}: ${files.length} files, ${(bytes / 1024).toFixed(0)} KiB`);
  const yara = await packageYara(PROJECT);
  console.log(`${yara.file}: ${(yara.bytes / 1024).toFixed(0)} KiB`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

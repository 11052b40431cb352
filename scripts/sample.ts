import { join } from "node:path";
import { PROJECT } from "../test/host/index.ts";

/** The sample workspace; its `.vscode/cryoscope.json` says which checkpoint the extension opens by itself. */
export const SAMPLE = join(PROJECT, "media/sample");

// Loaded by VS Code inside the extension host: runs every *.test.ts beside it, each bundled into a file of its own.
import Mocha from "mocha";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Called by VS Code; rejects when a test fails. */
export async function run(): Promise<void> {
  const grep = process.env["MOCHA_GREP"];
  const mocha = new Mocha({
    ui: "bdd",
    color: false,
    // The first webview of a session may take seconds.
    timeout: 30_000,
    forbidOnly: true,
    ...(grep === undefined ? {} : { grep }),
  });
  for (const file of readdirSync(__dirname))
    if (file.endsWith(".test.cjs")) mocha.addFile(join(__dirname, file));
  const failures = await new Promise<number>((done) => mocha.run(done));
  if (failures > 0) throw new Error(`${failures} failed`);
}

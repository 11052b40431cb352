// `npm start`: VS Code on the sample workspace with the extension in it. The `code` on PATH, else one that
// @vscode/test-electron downloads, else a VS Code server from npm, to be looked at with a browser.
// `--host code|download|server` picks one; `--check` starts the server, sees that the sample opens, and ends.
import { parseArgs } from "node:util";
import { runInstalled, runDownloaded } from "./start-desktop.ts";
import { checkServer, runServer } from "./start-server.ts";

/** Opens VS Code. Gives a sentence that says why it couldn't; undefined when it could (or did, and was closed). */
type Start = () => Promise<string | undefined>;

const HOSTS: Readonly<Record<string, Start>> = {
  code: runInstalled,
  download: runDownloaded,
  server: runServer,
};

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { host: { type: "string" }, check: { type: "boolean" } } });
  const chosen = values.check ? { server: checkServer } : values.host ? pick(values.host) : HOSTS;
  if (chosen === undefined) {
    console.error(`There is no host ${values.host ?? ""}: ${Object.keys(HOSTS).join(", ")}.`);
    return 2;
  }
  for (const start of Object.values(chosen)) {
    const why = await start();
    if (why === undefined) return 0;
    console.error(why);
  }
  return 1;
}

function pick(host: string): Readonly<Record<string, Start>> | undefined {
  const start = HOSTS[host];
  return start === undefined ? undefined : { [host]: start };
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});

// The way of `npm start` where no desktop VS Code can be had: the server from npm with the packaged extension (under
// development it would need a switch that suppresses notifications).
import {
  PROJECT,
  ensureHost,
  hostUnavailable,
  openBrowser,
  startServer,
  workbench,
} from "../test/host/index.ts";
import type { Host, Server } from "../test/host/index.ts";
import { SAMPLE } from "./sample.ts";
import { packageExtension } from "./vsix.ts";

const OPENED_MS = 60_000;

/** Prints the address and stays until Ctrl-C. */
export async function runServer(): Promise<string | undefined> {
  return await withServer(async (_host, server) => {
    console.log(
      `\nVS Code with Cryoscope and its sample is at\n\n  ${server.url(SAMPLE)}\n\nCtrl-C ends it.`,
    );
    // A signal ends this process, and with it the server (see startServer).
    const why = await server.ended;
    return `${why}\nRun npm start again.`;
  });
}

/** Looks at the same address with a browser until the sample's processes are listed. */
export async function checkServer(): Promise<string | undefined> {
  return await withServer(async (host, server) => {
    const browser = await openBrowser(host);
    try {
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      await page.goto(server.url(SAMPLE));
      await workbench.ready(page);
      await workbench.openView(page, "Cryoscope");
      const processes = workbench.treeRows(page, "Checkpoint").filter({ hasText: "Processes" }).first();
      await processes.waitFor({ timeout: OPENED_MS });
      console.log(`The sample is open: ${(await processes.getAttribute("aria-label")) ?? ""}`);
      return undefined;
    } finally {
      await browser.close();
    }
  });
}

async function withServer(
  use: (host: Host, server: Server) => Promise<string | undefined>,
): Promise<string | undefined> {
  const unavailable = hostUnavailable();
  if (unavailable !== undefined)
    return `No VS Code could be opened: ${unavailable}. Install VS Code, put \`code\` on PATH and run npm start again.`;
  const { file } = await packageExtension(PROJECT);
  const host = await ensureHost();
  const server = await startServer(host, { vsix: [file] });
  try {
    return await use(host, server);
  } finally {
    await server.stop();
  }
}

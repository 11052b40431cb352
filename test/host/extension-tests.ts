// Runs a test module inside the extension host of a VS Code server, driven by a browser that nobody sees.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { format } from "node:util";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser, openProfile } from "./browser.ts";
import { CACHE } from "./cache.ts";
import { ensureHost } from "./install.ts";
import type { Host } from "./install.ts";
import { startServer } from "./server.ts";

export interface ExtensionTests {
  /** Folder of the extension under development. */
  readonly extension: string;
  /** A CommonJS module with `run(): Promise<void>`. */
  readonly tests: string;
  /** The workspace folder that is opened. */
  readonly folder: string;
  /** Added to the environment of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Where VS Code keeps what its next start finds. */
  readonly data?: string;
  /** The tests aren't waited for any longer: they have killed their own host, say. Their code is 0 then. */
  readonly over?: Promise<void>;
  /**
   * Called when everything has ended, with the folder that held all that VS Code and the browser wrote, before it is
   * removed. The browser then keeps its storage as that of a person does.
   */
  readonly afterwards?: (home: string) => Promise<void>;
}

/** Runs the tests, their console lines to standard output, and gives their exit code. Throws when the host fails. */
export async function runExtensionTests(what: ExtensionTests): Promise<number> {
  const host = await ensureHost();
  const server = await startServer(host, { driver: true, ...(what.data && { data: what.data }) });
  try {
    const profile = what.afterwards && join(server.home, "browser");
    const { context, close } = await openContext(host, profile);
    let code: number;
    try {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      const page = await context.newPage();
      const tests = runInPage(page, server.url(what.folder, payload(what)), server.ended, what.timeoutMs);
      code = await (what.over ? Promise.race([tests, what.over.then(() => 0)]) : tests);
    } finally {
      await close();
    }
    if (what.afterwards) {
      await server.end();
      await what.afterwards(server.home);
    }
    return code;
  } finally {
    await server.stop();
  }
}

/** A browser that forgets everything, or one that keeps its storage in the folder `profile`. */
async function openContext(
  host: Host,
  profile: string | undefined,
): Promise<{ readonly context: BrowserContext; close(): Promise<void> }> {
  const viewport = { width: 1400, height: 900 };
  if (profile !== undefined) {
    const context = await openProfile(host, profile, { viewport });
    return { context, close: () => context.close() };
  }
  const browser = await openBrowser(host);
  return { context: await browser.newContext({ viewport }), close: () => browser.close() };
}

/** The workbench knows the server's files as vscode-remote://remote/…, whatever the server is called. */
function payload(what: ExtensionTests): (readonly [string, string])[] {
  const uri = (file: string) => `vscode-remote://remote${resolve(file)}`;
  return [
    ["extensionDevelopmentPath", uri(what.extension)],
    ["extensionTestsPath", uri(what.tests)],
    ["enableProposedApi", ""],
    ["skipWelcome", "true"],
    ["extensionEnvironment", JSON.stringify(what.env ?? {})],
  ];
}

async function runInPage(
  page: Page,
  url: string,
  ended: Promise<string>,
  timeoutMs: number,
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number>((done, fail) => {
      timer = setTimeout(() => {
        fail(
          new Error(
            `The tests did not end within ${timeoutMs / 1000} s (a crashed extension host shows as this)`,
          ),
        );
      }, timeoutMs);
      void ended.then((why) => {
        fail(new Error(why));
      });
      page.on("crash", () => {
        fail(new Error("The browser's page crashed"));
      });
      const start = async () => {
        await page.exposeFunction("codeAutomationLog", (_type: string, args: readonly unknown[]) => {
          const line = format(...args);
          if (!isNoise(line)) process.stdout.write(`${line}\n`);
        });
        await page.exposeFunction(
          "codeAutomationExit",
          async (code: number, logs: readonly LogFile[] = []) => {
            if (code !== 0) await keepLogs(logs);
            done(code);
          },
        );
        await page.goto(url);
      };
      start().catch(fail);
    });
  } catch (error) {
    const picture = join(LOGS, "workbench.png");
    const taken = await page.screenshot({ path: picture, timeout: 5_000 }).then(
      () => ` The workbench as it was: ${picture}`,
      () => "",
    );
    throw new Error(`${error instanceof Error ? error.message : String(error)}.${taken}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

const LOGS = join(CACHE, "host/logs");

interface LogFile {
  readonly relativePath: string;
  readonly contents: string;
}

async function keepLogs(logs: readonly LogFile[]): Promise<void> {
  for (const { relativePath, contents } of logs) {
    const file = join(LOGS, relativePath);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, contents);
  }
  if (logs.length > 0) console.error(`The logs of the workbench are in ${LOGS}`);
}

/** Lines of the workbench's own, which reach us on the same way as those of the tests. VERBOSE=1 shows them. */
function isNoise(line: string): boolean {
  if (process.env["VERBOSE"] === "1") return false;
  return WORKBENCH_LINES.some((start) => line.startsWith(start));
}

const WORKBENCH_LINES = [
  "[",
  "Canceled: Canceled",
  "Creating a socket",
  "Creation of workbench",
  "Ignoring fetching",
  "Loading development extension",
  "No search provider",
  "Resolv",
  "Timed out waiting for authentication provider",
  "Updating additional",
];

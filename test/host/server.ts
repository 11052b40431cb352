// A VS Code server on a free loopback port, with data and extension folders of its own that vanish with it.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { atProcessEnd, endGroup } from "./endings.ts";
import type { Host } from "./install.ts";
import { SETTINGS } from "./settings.ts";

const START_MS = 60_000;
const INSTALL_MS = 60_000;
const STOP_MS = 3_000;

export interface ServerOptions {
  /** User settings over the quiet ones of settings.ts. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Packaged extensions to install first (offline). */
  readonly vsix?: readonly string[];
  /** More for the environment of the server, and so of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The built workbench takes an extension under development, and tests, from its URL only with the driver switched on.
   * Its price: notification toasts are never shown. So: tests inside the host with it, tests of the user interface
   * without it and with a packaged extension.
   */
  readonly driver?: boolean;
  /** Where the server and its extensions keep what the next server finds; a folder that vanishes, unless given. */
  readonly data?: string;
}

export interface Server {
  /** The address of the workbench on a folder. It holds the token that lets a browser in. */
  url(folder: string, payload?: readonly (readonly [string, string])[]): string;
  /** What the server has said so far. */
  log(): string;
  /** Resolves with a sentence when the server ends by itself. */
  readonly ended: Promise<string>;
  /** Holds everything that the server and the extension host write: data, extensions, temporary files. */
  readonly home: string;
  /** Ends the server and all it started; its folders stay. */
  end(): Promise<void>;
  /** The same, and removes its folders. */
  stop(): Promise<void>;
}

/** Starts a server (0.2 s). Throws with the server's own words when it doesn't come up. */
export async function startServer(host: Host, options: ServerOptions = {}): Promise<Server> {
  // A short name: paths of unix sockets, at most 107 bytes, end in here.
  const home = await mkdtemp(join(tmpdir(), "cryo-"));
  const data = options.data ?? join(home, "data");
  const folders = ["--extensions-dir", join(home, "extensions"), "--server-data-dir", data];
  await mkdir(join(data, "data/User"), { recursive: true });
  await mkdir(join(home, "extensions"));
  const settings = JSON.stringify({ ...SETTINGS, ...options.settings }, null, 2);
  await writeFile(join(data, "data/User/settings.json"), settings);
  for (const vsix of options.vsix ?? []) await installVsix(host, vsix, folders);

  const token = randomBytes(16).toString("hex");
  const child = spawn(host.node, serverArguments(host, token, folders, options.driver ?? false), {
    // Without a gallery the server asks nobody for extensions; sockets go where they are removed with the rest.
    env: { ...process.env, EXTENSIONS_GALLERY: "{}", TMPDIR: home, XDG_RUNTIME_DIR: home, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const kept = atProcessEnd(() => {
    endGroup(child.pid, "SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });
  let text = "";
  const take = (data: Buffer) => {
    text += data.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exited = once(child, "exit");
  const ended = exited.then(([code]) => `The VS Code server ended (${String(code)}):\n${text}`);

  const end = async () => {
    endGroup(child.pid, "SIGTERM");
    await Promise.race([exited, sleep(STOP_MS)]);
    endGroup(child.pid, "SIGKILL");
  };
  const stop = async () => {
    await end();
    kept();
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const port = await portOf(() => text, ended);
    return {
      url: (folder, payload = []) => {
        const query = new URLSearchParams({ tkn: token, folder, payload: JSON.stringify(payload) });
        return `http://127.0.0.1:${port}/?${query.toString().replaceAll("+", "%20")}`;
      },
      log: () => text,
      ended,
      home,
      end,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function serverArguments(host: Host, token: string, folders: readonly string[], driver: boolean): string[] {
  return [
    host.serverMain,
    "--accept-server-license-terms",
    "--disable-telemetry",
    ...["--host", "127.0.0.1", "--port", "0", "--connection-token", token],
    // At "error" the output of tests would be hidden too.
    ...["--log", "info"],
    ...folders,
    ...(driver ? ["--enable-smoke-test-driver"] : []),
  ];
}

async function installVsix(host: Host, vsix: string, folders: readonly string[]): Promise<void> {
  const args = [host.serverMain, "--install-extension", vsix, ...folders];
  const env = { ...process.env, EXTENSIONS_GALLERY: "{}" };
  const { stdout, stderr } = await promisify(execFile)(host.node, args, { env, timeout: INSTALL_MS });
  if (!/successfully installed/.test(stdout))
    throw new Error(`${vsix} could not be installed: ${(stderr || stdout).trim()}`);
}

async function portOf(log: () => string, ended: Promise<string>): Promise<number> {
  let over: string | undefined;
  void ended.then((why) => (over = why));
  for (const limit = Date.now() + START_MS; Date.now() < limit; await sleep(20)) {
    const found = /Extension host agent listening on (\d+)/.exec(log());
    if (found?.[1] !== undefined) return Number(found[1]);
    if (over !== undefined) throw new Error(over);
  }
  throw new Error(`The VS Code server was not up after ${START_MS / 1000} s:\n${log()}`);
}

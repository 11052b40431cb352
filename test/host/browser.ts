import { chromium } from "playwright-core";
import type { Browser, BrowserContext } from "playwright-core";
import type { Host } from "./install.ts";

const ARGS: readonly string[] = [
  // Containers and root accounts have no user namespaces to build a sandbox from; only our own pages are shown.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/** Starts a headless Chromium (0.6 s) that can reach this machine only. Close it when done. */
export function openBrowser(host: Host): Promise<Browser> {
  return chromium.launch(optionsOf(host));
}

/** The same, with its storage and caches in `folder`, where they stay. */
export function openProfile(
  host: Host,
  folder: string,
  { viewport }: { readonly viewport: { readonly width: number; readonly height: number } },
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...optionsOf(host, folder), viewport });
}

function optionsOf(host: Host, temporary?: string) {
  return {
    executablePath: host.chromium,
    env: {
      // A variable that is not set is no string.
      ...(process.env as Record<string, string>),
      ...host.chromiumEnv,
      ...(temporary !== undefined && { TMPDIR: temporary, HOME: temporary }),
    },
    args: [...ARGS],
  };
}

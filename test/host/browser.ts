import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import type { Host } from "./install.ts";

/** Starts a headless Chromium (0.6 s) that can reach this machine only. Close it when done. */
export function openBrowser(host: Host): Promise<Browser> {
  return chromium.launch({
    executablePath: host.chromium,
    // A variable that is not set is no string.
    env: { ...(process.env as Record<string, string>), ...host.chromiumEnv },
    args: [
      // Containers and root accounts have no user namespaces to build a sandbox from; only our own pages are shown.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });
}

// A real VS Code for tests, out of npm packages alone: a VS Code server with its web workbench, and a Chromium to
// look at it. Integration tests run inside the server's extension host; end-to-end tests drive the page.
export { openBrowser } from "./browser.ts";
export { CACHE, PROJECT } from "./cache.ts";
export { atProcessEnd, endGroup } from "./endings.ts";
export { runExtensionTests } from "./extension-tests.ts";
export { ensureHost, hostUnavailable } from "./install.ts";
export type { Host } from "./install.ts";
export { startServer } from "./server.ts";
export type { Server, ServerOptions } from "./server.ts";
export * as workbench from "./workbench.ts";

// What the tests' VS Code does without: a third of its size, and everything that wants a compiler.

/** Dependencies of the server for agents, sign-in, Windows and remote tunnels. */
export const DROPPED_DEPENDENCIES: readonly string[] = [
  "@devcontainers/cli",
  "@github/copilot-sdk",
  "@microsoft/mxc-sdk",
  "@vscode/copilot-api",
  "@vscode/sandbox-runtime",
  "@vscode/sqlite3",
  "@vscode/windows-process-tree",
  "@vscode/windows-registry",
  "kerberos",
  "ssh2",
];

/** Built-in extensions that no test of ours meets. (GitHub sign-in stays: the workbench waits long for it otherwise.) */
export const DROPPED_EXTENSIONS: readonly string[] = [
  "copilot",
  "mermaid-markdown-features",
  "microsoft-authentication",
  "tunnel-forwarding",
];

/** The log writer of the server, one line at a time, without its native code. */
const SPDLOG = `"use strict";
const { appendFileSync, mkdirSync } = require("fs");
const { dirname } = require("path");
const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];
const METHODS = ["trace", "debug", "info", "warn", "error", "critical"];
let threshold = 2;
class Logger {
  constructor(_kind, _name, file) { Object.assign(this, { file, level: threshold, raw: false }); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  clearFormatters() { this.raw = true; }
  setPattern() {}
  flush() {}
  drop() {}
}
METHODS.forEach((method, level) => {
  Logger.prototype[method] = function (message) {
    if (level < this.level) return;
    const time = new Date().toISOString().replace("T", " ").replace("Z", "");
    try { appendFileSync(this.file, this.raw ? message : time + " [" + LEVELS[level] + "] " + message + "\\n"); } catch {}
  };
});
async function create(name, file) {
  mkdirSync(dirname(file), { recursive: true });
  return new Logger("rotating", name, file);
}
// One by one: it is imported as an ES module, and so Node must be able to see the names.
exports.version = 0;
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
exports.setLevel = (level) => { threshold = level; };
exports.setFlushOn = () => {};
`;

/** The process that would end a server whose parent is gone: our own runner does that. */
const WATCHDOG = `"use strict";
exports.start = () => {};
exports.exit = (code) => process.exit(code || 0);
`;

/** Native addons without a ready-made binary, and JavaScript of the same interface that serves as well here. */
export const ADDON_STANDINS: Readonly<Record<string, string>> = {
  "@vscode/spdlog": SPDLOG,
  "@vscode/native-watchdog": WATCHDOG,
};

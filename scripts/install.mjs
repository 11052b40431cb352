// Puts the locked dependencies into node_modules when some aren't there in the locked version.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Installs with `npm ci` when needed; ends the process with a sentence when that can't be done. */
export function ensureDependencies() {
  requireNode();
  if (isInstalled()) return;
  console.error("Installing dependencies (npm ci) …");
  // No dependency needs its install script: esbuild's binary comes as a package of its own.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // On Windows npm is a batch file, which only a shell can start; the arguments are ours.
  const { status, error } = spawnSync("npm", args, {
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  console.error(
    error === undefined
      ? "npm ci failed, see above. Check with `npm ping` that the registry can be reached, then run this again."
      : "npm was not found. Install it (it comes with Node.js from nodejs.org, on Debian: apt-get install npm).",
  );
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Cryoscope is built with Node.js 20.19 or newer; this is ${process.version}. Install a newer one.`,
  );
  process.exit(1);
}

/** npm keeps its own account of what is in node_modules. */
function isInstalled() {
  const account = "node_modules/.package-lock.json";
  if (!existsSync(account)) return false;
  const { packages: wanted } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const { packages: present } = JSON.parse(readFileSync(account, "utf8"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || present[path]?.version === version,
  );
}

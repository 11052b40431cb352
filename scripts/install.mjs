// Puts the locked dependencies into node_modules when they aren't there or the lock file has changed since.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const STAMP = "node_modules/.cryoscope-lock";

export function ensureDependencies() {
  const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === lock) return;
  console.error("Installing dependencies (npm ci) …");
  // No dependency needs its install script: esbuild's binary comes as a package of its own.
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { stdio: ["ignore", 2, 2] });
  writeFileSync(STAMP, lock);
}

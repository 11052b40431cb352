/** One at a time: commands that build, start or end the same machine wait for each other, whoever calls them. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Names the folder whose lock this process was started with. */
const LOCKED = "CRYOSCOPE_LAB_LOCKED";

/**
 * Does `work` while no other process does any on `folder` (which needn't be there yet): by running this very command again
 * below flock(1), whose lock ends with it, however it ends. Gives the command's exit code.
 */
export async function locked(folder: string, work: () => number | Promise<number>): Promise<number> {
  if (process.env[LOCKED] === folder) return work();
  mkdirSync(dirname(folder), { recursive: true });
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // --close: a machine that is started must not inherit the lock.
  const options = { stdio: "inherit", env: { ...process.env, [LOCKED]: folder } } as const;
  return spawnSync("flock", ["--close", `${folder}.lock`, ...self], options).status ?? 1;
}

// `node scripts/run.mjs FILE …`: makes what is missing (dependencies, the generated schema), then runs FILE (TypeScript
// or JavaScript) with this Node.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isStale } from "./fresh.mjs";
import { ensureDependencies } from "./install.mjs";

const NODE = [process.execPath, "--import", "tsx"];

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
ensureDependencies();
if (isStale()) runNow("scripts/proto.ts");
const child = spawn(NODE[0], [...NODE.slice(1), ...process.argv.slice(2)], { stdio: "inherit" });
// Whoever ends this process means the work it does: pass it on and wait until all is put away.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));

function runNow(file) {
  const { status } = spawnSync(NODE[0], [...NODE.slice(1), file], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// `node scripts/run.mjs FILE …`: installs what is missing, then runs FILE (TypeScript or JavaScript) with this Node.
import { spawnSync } from "node:child_process";
import { ensureDependencies } from "./install.mjs";

ensureDependencies();
const [file, ...args] = process.argv.slice(2);
const { status } = spawnSync(process.execPath, ["--import", "tsx", file, ...args], { stdio: "inherit" });
process.exit(status ?? 1);

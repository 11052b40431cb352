/** Python 3.14 with debugpy, of the suite after the lab's own: with its own C library, as a container's /usr. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { LAB, SHARE } from "./place.ts";
import { debianMirror } from "./preconditions.ts";
import { run } from "./process.ts";
import { QUICK_DEBIAN } from "./root.ts";

const SUITE = "forky";
const PACKAGES = "python3.14-minimal,libpython3.14-stdlib,python3-debugpy";
const TREE = join(SHARE, "python-3.14");

/** Gives its /usr, as the engines see it too; unpacks it unless it is there, which takes some seconds. */
export function pythonTree(): string {
  const usr = join(TREE, "usr");
  if (existsSync(usr)) return usr;
  mkdirSync(dirname(TREE), { recursive: true });
  const partial = `${TREE}.partial`;
  run("rm", ["-rf", "--one-file-system", partial]);
  const options = [...QUICK_DEBIAN.filter((option) => !option.startsWith("--variant")), "--variant=extract"];
  run(
    "mmdebstrap",
    [...options, `--include=${PACKAGES}`, SUITE, partial, `deb ${debianMirror()} ${SUITE} main`],
    { log: join(LAB, "python.log") },
  );
  // What debugpy needs for a Python before this one.
  rmSync(join(partial, "usr/bin/gdb"));
  renameSync(partial, TREE);
  return usr;
}

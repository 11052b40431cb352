/** What a machine must have for the lab, and how to get it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./process.ts";

/** Names a Debian mirror where apt's configuration has none, as on Ubuntu. */
const MIRROR_VARIABLE = "CRYOSCOPE_LAB_MIRROR";
const TOOLS = { mmdebstrap: "mmdebstrap", unshare: "util-linux", npm: "npm", gdb: "gdb" };
const VM_TOOLS = { mmdebstrap: "mmdebstrap", mke2fs: "e2fsprogs", "qemu-system-x86_64": "qemu-system-x86" };

/** The Debian mirror that this machine's apt uses; undefined if it uses none. */
function mirrorOfApt(): string | undefined {
  const { stdout } = spawnSync("apt-get", ["indextargets", "--format", "$(LABEL) $(REPO_URI)"], {
    encoding: "utf8",
  });
  const targets = (stdout ?? "").split("\n").map((line) => line.split(" "));
  // Before the first `apt-get update` the label is empty; the address's last part tells then.
  const found = targets.find(
    ([label, uri]) => label === "Debian" || (label === "" && uri?.match(/\/debian\/?$/)),
  );
  return found?.[1];
}

export function debianMirror(): string {
  const mirror = process.env[MIRROR_VARIABLE] ?? mirrorOfApt();
  if (mirror === undefined) throw new Error(`No Debian mirror is known: set ${MIRROR_VARIABLE}.`);
  return mirror;
}

function onPath(tool: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, tool)));
}

/** Installs the tools that the lab lacks. Needs root and apt. */
export function installTools(): void {
  install(TOOLS);
}

/** Installs the tools that the virtual machine lacks. Needs root and apt. */
export function installVmTools(): void {
  install(VM_TOOLS);
}

function install(tools: Readonly<Record<string, string>>): void {
  const missing = Object.entries(tools).filter(([tool]) => !onPath(tool));
  const packages = missing.map(([, packageName]) => packageName);
  if (!existsSync("/usr/share/keyrings/debian-archive-keyring.gpg")) packages.push("debian-archive-keyring");
  if (packages.length === 0) return;
  const all = ["install", "-y", "--no-install-recommends", ...packages];
  try {
    run("apt-get", all);
  } catch {
    // The lists may be older than the mirror, or not there yet.
    run("apt-get", ["update"]);
    run("apt-get", all);
  }
}

/** One sentence that says why the lab cannot run here and what to do; undefined if it can. */
export function whyNoLab(): string | undefined {
  if (process.platform !== "linux") return "The lab needs Linux: run the tests in a Linux virtual machine.";
  if (process.getuid?.() !== 0) return "The lab needs root: run `sudo npm test`.";
  if (!onPath("apt-get")) return "The lab needs Debian or Ubuntu (apt-get).";
  if (process.env[MIRROR_VARIABLE] === undefined && mirrorOfApt() === undefined)
    return `The lab needs a Debian mirror, and apt knows none: set ${MIRROR_VARIABLE} to one's address.`;
  const namespaces = [
    "-m",
    "-u",
    "-i",
    "-C",
    "-p",
    "-f",
    "--mount-proc",
    "mount",
    "-t",
    "tmpfs",
    "tmpfs",
    "/mnt",
  ];
  if (spawnSync("unshare", namespaces).status !== 0)
    return "The lab needs to make namespaces and mounts: in a container, start it with --privileged.";
  return undefined;
}

/** The same for the virtual machine. */
export function whyNoVm(): string | undefined {
  if (process.arch !== "x64") return "The virtual machine needs an x86-64 host.";
  return whyNoLab();
}

/** A containerd whose CRI freezes, in the lab's root beside the older one that Docker has. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LAB, ROOT } from "./place.ts";
import { run } from "./process.ts";

/** Its programs, as the lab sees them. */
export const NEWER_CONTAINERD = "/opt/containerd-2/usr/bin";
/** The suite after the lab's own; the root's apt knows both. */
const SUITE = "forky";
const STEPS = [
  `apt-get -o 'Acquire::Check-Valid-Until=false' update`,
  "cd /tmp",
  `apt-get download containerd/${SUITE}`,
  "dpkg-deb --extract containerd_*.deb /opt/containerd-2.partial",
  "mv /opt/containerd-2.partial /opt/containerd-2",
  "rm -r containerd_*.deb /var/lib/apt/lists/*",
];

/** Unpacks it unless it is there. The root must be built. */
export function addNewerContainerd(say: (message: string) => void): void {
  if (existsSync(join(ROOT, NEWER_CONTAINERD))) return;
  say("fetching a newer containerd …");
  const script = ["rm -rf /opt/containerd-2.partial", ...STEPS].join("\n");
  run("chroot", [ROOT, "sh", "-ec", script], { log: join(LAB, "containerd.log") });
}

/** Builds the machine's disk: Debian with its own kernel, Podman, runc, crun and criu. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianMirror } from "../preconditions.ts";
import { run } from "../process.ts";
import { QUICK_DEBIAN } from "../root.ts";
import { DISK, INITRD, KERNEL, VM } from "./place.ts";

const SUITE = "trixie";
const PACKAGES = [
  ...["linux-image-amd64", "initramfs-tools", "kmod", "zstd"],
  ...["podman", "conmon", "netavark", "catatonit", "runc", "crun", "criu", "libcriu2"],
  // what confines processes
  "apparmor",
  // what criu stops the network by
  ...["iptables", "nftables"],
  ...["busybox-static", "iproute2", "procps", "socat", "ca-certificates"],
];
/** What the kernel needs before it can read its disk; everything else is on that. */
const FIRST_MODULES = "virtio_pci\\nvirtio_blk\\next4\\n";
const INIT = join(import.meta.dirname, "inside/init.sh");
/** Sparse: takes what is written. */
const DISK_SIZE = "8G";
const STAMP = join(VM, "built");

function recipe(): string {
  const parts = [SUITE, FIRST_MODULES, DISK_SIZE, ...PACKAGES, readFileSync(INIT, "utf8")];
  return createHash("sha256").update(parts.join("\0")).digest("hex");
}

/** Builds the disk unless it is there; a build that was interrupted leaves none. */
export function buildDisk(say: (message: string) => void): void {
  if (existsSync(STAMP) && existsSync(DISK) && readFileSync(STAMP, "utf8") === recipe()) return;
  say("building the machine's disk …");
  mkdirSync(VM, { recursive: true });
  const root = join(VM, "root");
  for (const old of [root, STAMP, DISK]) run("rm", ["-rf", "--one-file-system", old]);
  run(
    "mmdebstrap",
    [
      ...QUICK_DEBIAN,
      `--include=${PACKAGES.join(",")}`,
      // The files below are there before the packages that own them.
      "--dpkgopt=force-confold",
      `--setup-hook=mkdir -p "$1"/etc/initramfs-tools/conf.d && printf 'MODULES=list\\n' > "$1"/etc/initramfs-tools/conf.d/lab`,
      `--setup-hook=printf '${FIRST_MODULES}' > "$1"/etc/initramfs-tools/modules`,
      `--customize-hook=upload "${INIT}" /usr/local/sbin/vm-init`,
      `--customize-hook=chmod 755 "$1"/usr/local/sbin/vm-init`,
      SUITE,
      root,
      `deb ${debianMirror()} ${SUITE} main`,
    ],
    { log: join(VM, "mmdebstrap.log") },
  );
  // From /boot: one kernel was installed, so there is one of each.
  for (const [beginning, file] of [
    ["vmlinuz-", KERNEL],
    ["initrd.img-", INITRD],
  ] as const) {
    const name = readdirSync(join(root, "boot")).find((one) => one.startsWith(beginning));
    if (name === undefined) throw new Error(`The machine's kernel has no ${beginning}…`);
    renameSync(join(root, "boot", name), file);
  }
  const partial = `${DISK}.partial`;
  run("rm", ["-f", partial]);
  run("truncate", ["--size", DISK_SIZE, partial]);
  // A throw-away disk needs no journal.
  run("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", "-d", root, partial]);
  run("rm", ["-rf", "--one-file-system", root]);
  renameSync(partial, DISK);
  writeFileSync(STAMP, recipe());
}

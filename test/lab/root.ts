/** Builds the Debian root that the lab runs in. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LAB, ROOT } from "./place.ts";
import { debianMirror } from "./preconditions.ts";
import { run } from "./process.ts";

const SUITE = "trixie";
/** criu before 4.2 cannot dump a TCP or UDP socket on Linux 6.16 and newer, so criu comes from the next suite. */
const CRIU_SUITE = "forky";
const CRIU_PACKAGES = "criu libcriu2 python3-pycriu libcompel1 libnl-*";
const PACKAGES = [
  // what freezes
  ...[
    "criu",
    "libcriu2",
    "python3-pycriu",
    "podman",
    // the first process of a pod
    "catatonit",
    "conmon",
    "netavark",
    "runc",
    "crun",
    "docker.io",
    "docker-cli",
    "containerd",
  ],
  // what makes container images of checkpoints, and what one is root by
  ...["buildah", "sudo"],
  // what says what it should be
  "checkpointctl",
  // what else seals, and opens what we seal
  ...["age", "cryptsetup-bin", "gnupg", "openssh-client", "openssl", "sq"],
  // what the container images and the test programs are made with
  ...["busybox-static", "gcc", "libc6-dev"],
  // what debugs in them, and beside them
  ...["gdb", "gdbserver", "lldb-19", "delve", "python3", "python3-debugpy"],
  // what else is debugged
  ...["golang-go", "openjdk-21-jre-headless"],
  // what opens our cores beside these, and what C++ programs are made with
  ...["gdb-multiarch", "g++"],
  // what the lab's own scripts call
  ...["iproute2", "procps", "zstd", "ca-certificates"],
];
const SHIM = join(import.meta.dirname, "inside/rlimits.c");
const STAMP = join(ROOT, ".built");

const PIN = ["Package: *", `Pin: release n=${CRIU_SUITE}`, "Pin-Priority: 100", ""]
  .concat([`Package: ${CRIU_PACKAGES}`, `Pin: release n=${CRIU_SUITE}`, "Pin-Priority: 990", ""])
  .join("\\n");

/** Options of mmdebstrap for a small system that is thrown away again. */
export const QUICK_DEBIAN: readonly string[] = [
  "--variant=minbase",
  // The test suite's lists expire within a week, and a mirror may be a snapshot that is older.
  `--aptopt=Acquire::Check-Valid-Until "false"`,
  // Neither manuals nor a sync after each file.
  "--dpkgopt=path-exclude=/usr/share/doc/*",
  "--dpkgopt=path-exclude=/usr/share/man/*",
  "--dpkgopt=path-exclude=/usr/share/locale/*",
  "--dpkgopt=force-unsafe-io",
];

/** A root that was built by another recipe is built anew. */
function recipe(): string {
  const parts = [SUITE, PIN, ...PACKAGES, readFileSync(SHIM, "utf8")];
  return createHash("sha256").update(parts.join("\0")).digest("hex");
}

/** Builds the root unless it is there; a build that was interrupted leaves no root. */
export function buildRoot(say: (message: string) => void): void {
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === recipe()) return;
  say("building the Debian root …");
  mkdirSync(LAB, { recursive: true });
  const partial = `${ROOT}.partial`;
  for (const old of [partial, ROOT]) run("rm", ["-rf", "--one-file-system", old]);
  const mirror = debianMirror();
  run(
    "mmdebstrap",
    [
      ...QUICK_DEBIAN,
      `--include=${PACKAGES.join(",")}`,
      `--setup-hook=mkdir -p "$1"/etc/apt/preferences.d; printf '${PIN}' > "$1"/etc/apt/preferences.d/criu`,
      // The JRE's installation links manuals from there.
      `--setup-hook=mkdir -p "$1"/usr/share/man/man1`,
      `--customize-hook=upload "${SHIM}" /usr/local/src/rlimits.c`,
      `--customize-hook=chroot "$1" gcc -O2 -shared -fPIC -o /usr/local/lib/rlimits.so /usr/local/src/rlimits.c`,
      // Found first on PATH by Podman, runc and Docker.
      `--customize-hook=printf '#!/bin/sh\\nLD_PRELOAD=/usr/local/lib/rlimits.so exec /usr/sbin/criu "$@"\\n' > "$1"/usr/local/sbin/criu`,
      `--customize-hook=chmod 755 "$1"/usr/local/sbin/criu`,
      SUITE,
      partial,
      `deb ${mirror} ${SUITE} main`,
      `deb ${mirror} ${CRIU_SUITE} main`,
    ],
    { log: join(LAB, "mmdebstrap.log") },
  );
  writeFileSync(join(partial, ".built"), recipe());
  renameSync(partial, ROOT);
}

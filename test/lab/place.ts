/**
 * Where the lab of this checkout lies. Every checkout has its own: its folder, its cgroup's name and its sockets
 * come from the checkout's path, so that two of them can run side by side.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";

/** The checkout; the lab sees it read-only as `/project`. */
export const PROJECT = realpathSync(resolve(import.meta.dirname, "../.."));
export const LAB = join(PROJECT, ".cache/lab");
/** A name that no other checkout of this machine has. */
export const LAB_NAME = `cryoscope-lab-${createHash("sha256").update(PROJECT).digest("hex").slice(0, 8)}`;

/** The Debian root that the lab runs in. */
export const ROOT = join(LAB, "root");
/** What the engines keep: container images, containers, Docker's checkpoints. Same path inside and outside. */
export const DATA = join(LAB, "data");
/** For files that both sides read and write, such as a `CheckpointDir`. Same path inside and outside. */
export const SHARE = join(LAB, "share");
/** The trees and tars that the lab's container images are made of. Same path inside and outside. */
export const IMAGES = join(LAB, "images");

// A Unix socket's path holds 107 bytes at most (unix(7)); a deep checkout gets its run folder elsewhere.
const NEAR = join(LAB, "run");
/** Sockets, logs and the state of the running lab. Same path inside and outside. */
export const RUN = Buffer.byteLength(join(NEAR, "podman.sock")) < 100 ? NEAR : join("/run", LAB_NAME);

/** What of the lab's folder is seen inside too. */
export const SHARED_FOLDERS: readonly string[] = [RUN, DATA, SHARE, IMAGES];

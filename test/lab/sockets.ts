/** What a test needs to speak to the lab's engines. */
import { join } from "node:path";
import { DATA, RUN, SHARE } from "./place.ts";

export const DOCKER_SOCKET = join(RUN, "docker.sock");
export const PODMAN_SOCKET = join(RUN, "podman.sock");
/** The values of the environment variables of these names. */
export const DOCKER_HOST = `unix://${DOCKER_SOCKET}`;
export const CONTAINER_HOST = `unix://${PODMAN_SOCKET}`;
/** Docker's `DockerRootDir`, which opens unchanged outside the lab. */
export const DOCKER_DATA = join(DATA, "docker");
/** A folder at the same path for the engines and for the test. */
export const LAB_SHARE = SHARE;
/** What `npm test` gives the lab tests on top of its own environment. */
export const LAB_ENVIRONMENT = { DOCKER_HOST, CONTAINER_HOST, CRYOSCOPE_LAB_SHARE: LAB_SHARE };
/** Container images that both engines hold; see inside/images.sh for what is in them. */
export const LAB_IMAGES = {
  busybox: "lab/busybox",
  native: "lab/native",
  node: "lab/node",
  debuggers: "lab/debuggers",
  /** Podman only. */
  jvm: "lab/jvm",
} as const;

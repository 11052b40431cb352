import { dockerDriver } from "./docker.ts";
import { podmanDriver } from "./podman.ts";
import type { EngineDriver } from "./driver.ts";

/** All engines that are known. The first that recognises an address has it: Podman also speaks Docker's API. */
export const DRIVERS: readonly EngineDriver[] = [podmanDriver, dockerDriver];

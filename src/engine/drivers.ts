import { containerdDriver } from "./containerd.ts";
import { crictlDriver } from "./crictl.ts";
import { criuDriver } from "./criu.ts";
import { crunDriver } from "./crun.ts";
import { dockerDriver } from "./docker.ts";
import { kubernetesDriver } from "./kubernetes.ts";
import { podmanDriver } from "./podman.ts";
import { runcDriver } from "./runc.ts";
import type { EngineDriver } from "./driver.ts";
import type { ProgramDriver } from "./program-driver.ts";

/** Engines that listen at a socket. The first that recognises an address has it: Podman also speaks Docker's API. */
export const DRIVERS: readonly EngineDriver[] = [podmanDriver, dockerDriver];

/** Engines that are programs of the machine, and those with an address scheme of their own. */
export const PROGRAM_DRIVERS: readonly ProgramDriver[] = [
  runcDriver,
  crunDriver,
  containerdDriver,
  crictlDriver,
  criuDriver,
  kubernetesDriver,
];

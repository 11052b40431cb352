import { ociRuntimeDriver } from "./oci-runtime.ts";

/** crun, which can freeze but not restore on machines with cgroup v1. */
export const crunDriver = ociRuntimeDriver({
  kind: "crun",
  stateFolder: "/run/crun",
  restoreNeedsCgroup2: true,
});

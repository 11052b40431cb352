import { ociRuntimeDriver } from "./oci-runtime.ts";

/** runc, the reference runtime. */
export const runcDriver = ociRuntimeDriver({ kind: "runc", stateFolder: "/run/runc" });

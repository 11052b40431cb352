import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const debugErrors = {
  noSnapshot: (wanted: string): CryoscopeError =>
    cryoscopeError("vscode.noSnapshot", `There is no snapshot “${wanted}” in this workspace's catalog.`, {
      next: "Freeze a container first, or choose one in the Snapshots view.",
    }),
  notTrusted: (): CryoscopeError =>
    cryoscopeError("vscode.notTrusted", "Waking a snapshot runs its code, which needs a trusted workspace.", {
      next: "Trust the workspace, then try again.",
    }),
};

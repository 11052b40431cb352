import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const debugErrors = {
  noSnapshot: (wanted: string): CryoscopeError =>
    cryoscopeError("vscode.noSnapshot", `There is no snapshot “${wanted}” in this workspace's catalog.`, {
      next: "Freeze a container first, or choose one in the Snapshots view.",
    }),
  noContainer: (wanted: string): CryoscopeError =>
    cryoscopeError("vscode.noContainer", `No engine has a container “${wanted}” to attach to.`, {
      next: 'Say in launch.json which: "container": its name, or "snapshot": one that was made of it.',
    }),
  noLiveSession: (): CryoscopeError =>
    cryoscopeError("vscode.noLiveSession", "No snapshot is being debugged live.", {
      next: "Restore and Debug a snapshot of the Snapshots view first.",
    }),
  noMemory: (): CryoscopeError =>
    cryoscopeError("vscode.noMemory", "This row has no place in the memory of a frozen process.", {
      next: "Choose a value with an address, or a call of the stack.",
    }),
  nothingToRewind: (): CryoscopeError =>
    cryoscopeError(
      "vscode.nothingToRewind",
      "This session is attached to a container and began at no snapshot.",
      {
        next: "Freeze it (Freeze Here), then Restore and Debug that snapshot.",
      },
    ),
  notTrusted: (): CryoscopeError =>
    cryoscopeError("vscode.notTrusted", "Waking a snapshot runs its code, which needs a trusted workspace.", {
      next: "Trust the workspace, then try again.",
    }),
};

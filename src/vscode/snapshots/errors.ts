import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const snapshotErrors = {
  unreadable: (sentence: string, next: string): CryoscopeError =>
    cryoscopeError("vscode.snapshotUnreadable", sentence, { next }),
  notTrusted: (): CryoscopeError =>
    cryoscopeError("vscode.notTrusted", "Waking a snapshot runs its code, which needs a trusted workspace.", {
      next: "Trust the workspace, then try again.",
    }),
  noEngineFor: (name: string): CryoscopeError =>
    cryoscopeError("vscode.noEngineFor", `No engine that was found can restore “${name}”.`, {
      next: "Start Podman as root (archives) or install CRIU (folders), then refresh the Containers view.",
    }),
};

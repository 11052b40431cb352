import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const engineGone = (kind: string, endpoint: string): CryoscopeError =>
  cryoscopeError("vscode.engineGone", `The ${kind} engine at ${endpoint} doesn't answer.`, {
    next: "Start it, then refresh the Containers view.",
  });

export const freezeErrors = {
  cannotSeal: (why: string): CryoscopeError =>
    cryoscopeError("vscode.cannotSeal", `This can't be sealed right after freezing: ${why}`, {
      next: "Freeze without sealing (cryoscope.freeze.sealFor), or freeze into an archive.",
    }),
};

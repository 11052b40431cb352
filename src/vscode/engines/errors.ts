import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const engineGone = (kind: string, endpoint: string): CryoscopeError =>
  cryoscopeError("vscode.engineGone", `The ${kind} engine at ${endpoint} doesn't answer.`, {
    next: "Start it, then refresh the Containers view.",
  });

import { cryoscopeError, toCryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const engineGone = (kind: string, endpoint: string): CryoscopeError =>
  cryoscopeError("vscode.engineGone", `The ${kind} engine at ${endpoint} doesn't answer.`, {
    next: "Start it, then refresh the Containers view.",
  });

export const freezeErrors = {
  /** `file` is what lies there in plain; undefined when it is with its engine. */
  notSealed: (name: string, file: string | undefined, cause: unknown): CryoscopeError =>
    cryoscopeError(
      "vscode.notSealed",
      `${name} is frozen but not sealed, and lies on the disk in plain. ${toCryoscopeError(cause).message}`,
      {
        ...(file !== undefined && { file }),
        cause,
        next: "Choose Seal a Copy of the Snapshot… in the Snapshots view and then delete the snapshot; it can still be restored.",
      },
    ),
  cannotSeal: (why: string): CryoscopeError =>
    cryoscopeError("vscode.cannotSeal", `This can't be sealed right after freezing: ${why}`, {
      next: "Freeze without sealing (cryoscope.freeze.sealFor), or freeze into an archive.",
    }),
};

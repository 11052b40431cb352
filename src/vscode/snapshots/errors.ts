import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const snapshotErrors = {
  unreadable: (sentence: string, next: string): CryoscopeError =>
    cryoscopeError("vscode.snapshotUnreadable", sentence, { next }),
};

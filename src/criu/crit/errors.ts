import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const critErrors = {
  rawImage: (name: string, file: string): CryoscopeError =>
    cryoscopeError("criu.rawImage", `A ${name} image has no entries, so there is no JSON of it.`, {
      file,
      next: "Look at its bytes instead.",
    }),
};

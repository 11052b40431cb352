import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

export const critErrors = {
  rawImage: (name: string, file: string): CryoscopeError =>
    cryoscopeError(
      "criu.rawImage",
      `A ${name} image is raw data and has no entries, so there is no JSON of it.`,
      {
        file,
        next: NEXT[name] ?? "Look at its bytes instead.",
      },
    ),
};

const PAGES = "Decode the pagemap that goes with it: it tells which addresses these pages are of.";
const ARCHIVE = "It is a tar.gz archive: unpack it, or open it in the editor.";

/** What to do instead, by the kind of image. */
const NEXT: Readonly<Record<string, string>> = {
  PAGES,
  PAGES_OLD: PAGES,
  SHM_PAGES_OLD: PAGES,
  TMPFS_IMG: ARCHIVE,
  TMPFS_DEV: ARCHIVE,
};

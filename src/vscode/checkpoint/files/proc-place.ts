import type { ProcFs } from "../../../procfs/index.ts";
import { explorerErrors } from "../errors.ts";
import type { Place } from "./place.ts";

/** The frozen /proc. Its links read as where they lead. */
export function procPlace(proc: ProcFs): Place {
  return {
    list: (path) => proc.list(path),
    stat: (path) => proc.stat(path),
    read: async (path, limit) => {
      const bytes = await proc.read(path);
      if (bytes.length > limit) throw explorerErrors.tooBig(path, bytes.length);
      return bytes;
    },
    locate: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

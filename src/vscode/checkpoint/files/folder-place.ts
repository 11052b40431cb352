import { explorerErrors } from "../errors.ts";
import type { Place } from "./place.ts";

/**
 * A folder of places. `otherwise` serves paths whose first part is none of theirs, without being listed.
 */
export function folderPlace(places: ReadonlyMap<string, Place>, otherwise?: Place): Place {
  const route = (path: string): { place: Place; rest: string } | undefined => {
    const slash = path.indexOf("/");
    const place = places.get(slash < 0 ? path : path.slice(0, slash));
    if (place !== undefined) return { place, rest: slash < 0 ? "" : path.slice(slash + 1) };
    return otherwise && { place: otherwise, rest: path };
  };
  const find = (path: string): { place: Place; rest: string } => {
    const found = route(path);
    if (found === undefined) throw explorerErrors.notFound(path);
    return found;
  };
  return {
    list: async (path) => {
      if (path === "") return [...places.keys()].toSorted().map((name) => ({ name, kind: "folder" }));
      const { place, rest } = find(path);
      return place.list(rest);
    },
    stat: async (path) => {
      if (path === "") return { kind: "folder", size: 0 };
      const found = route(path);
      return found?.place.stat(found.rest);
    },
    read: async (path, limit) => {
      const { place, rest } = find(path);
      return place.read(rest, limit);
    },
    locate: async (path) => {
      if (path === "") return undefined;
      const { place, rest } = find(path);
      return place.locate(rest);
    },
    close: async () => {
      for (const place of places.values()) await place.close();
      await otherwise?.close();
    },
  };
}

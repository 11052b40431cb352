import type { Engine } from "../../engine/index.ts";

type Named = Pick<Engine, "name" | "endpoint">;

/** What tells an engine from the others that have its name: its socket or address. Empty where its name is enough. */
export function placeOf({ name, endpoint }: Named, all: readonly Named[]): string {
  const isAlone = all.every((one) => one.endpoint === endpoint || one.name !== name);
  return isAlone ? "" : endpoint.replace(/^unix:\/\//, "");
}

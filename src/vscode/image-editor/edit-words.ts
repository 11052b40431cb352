import type { Edit } from "../../criu/index.ts";

const VERBS: Readonly<Record<Edit["kind"], string>> = {
  set: "Edit",
  remove: "Remove",
  add: "Add to",
  duplicate: "Duplicate",
};

/** What the edit is called where it can be undone: `Edit entries[0].tc.comm`. */
export function labelOfEdit({ kind, path }: Edit): string {
  return `${VERBS[kind]} ${path}`;
}

import type { ImageType } from "../../criu/index.ts";
import type { RowAction } from "../../protocol/index.ts";
import { isMessage, messageOf } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";

/** What can be done to a row of an image that can be changed. */
export function actionsOf(node: TreeNode, type: ImageType | undefined): readonly RowAction[] {
  // A second value of a field that isn't a list can't be told from the first by a path.
  if (node.path.includes("~") || !node.path.startsWith("entries[")) return [];
  switch (node.kind) {
    case "entry":
      return [...(messageOf(node)?.schema ? (["add"] as const) : []), "remove", "duplicate"];
    case "list":
      return node.fields[0]?.schema ? ["add"] : [];
    case "field":
      return fieldActions(node);
    case "payload":
      return type?.payload !== undefined && !node.payload.message && node.payload.name !== "unknown"
        ? ["edit"]
        : [];
    default:
      return [];
  }
}

function fieldActions({ field }: Extract<TreeNode, { kind: "field" }>): readonly RowAction[] {
  // The tail of a broken message; a field of a raw image, which is no protobuf.
  if (field.number === 0 || field.wireType === -1) return [];
  const isInList = field.index !== undefined;
  const actions: RowAction[] = [];
  if (isMessage(field.value)) {
    if (field.value.schema) actions.push("add");
  } else if (field.schema) actions.push("edit");
  actions.push("remove");
  if (isInList) actions.push("duplicate");
  return actions;
}

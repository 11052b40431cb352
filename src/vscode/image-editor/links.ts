import {
  leadsElsewhere,
  referenceOf,
  referenceOfImage,
  referenceOfMessage,
  type Image,
  type Reference,
} from "../../criu/index.ts";
import type { RowSearch } from "../../protocol/index.ts";
import { messageOf } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";

/** What the value of a row leads to; undefined for values that lead nowhere else. */
export function linkOf(node: TreeNode): Reference | undefined {
  if (node.kind !== "field" || !leadsElsewhere(node.field, node.parent)) return undefined;
  return referenceOf(node.field, node.parent);
}

/**
 * What a person means who asks about a row: what its value refers to or defines, what it defines as a whole, or what the image
 * belongs to.
 */
export function subjectOf(image: Image, node: TreeNode): Reference | undefined {
  const ofField = node.kind === "field" ? referenceOf(node.field, node.parent) : undefined;
  const message = messageOf(node);
  return ofField ?? (message && referenceOfMessage(message)) ?? referenceOfImage(image.type, image.name);
}

/** Whether the pages of the row lie in another file. */
export function hasPages(image: Image, node: TreeNode): boolean {
  return image.type?.headMessage === "pagemap_head" && node.path.startsWith("entries");
}

/** What can be looked for from a row. */
export function searchesOf(image: Image, node: TreeNode): readonly RowSearch[] {
  if (subjectOf(image, node)) return ["definition", "references"];
  return hasPages(image, node) ? ["definition"] : [];
}

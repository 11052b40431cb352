import { critMessage, jsonParts } from "../../criu/index.ts";
import type { CritValue, Image } from "../../criu/index.ts";
import { messageOf } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";

/** Bytes of a payload that are read to be written as JSON. */
const MAX_BYTES = 1 << 20;

/** A row as `crit decode --pretty` prints it; a payload in base64. */
export async function rowJson(image: Image, node: TreeNode): Promise<string> {
  return jsonParts(await valueOf(image, node), true)
    .filter((part) => typeof part === "string")
    .join("");
}

async function valueOf(image: Image, node: TreeNode): Promise<CritValue> {
  const message = messageOf(node);
  if (message) return critMessage(message, true);
  if (node.kind === "part") return node.part.value;
  if (node.kind === "field" || node.kind === "list") {
    const name = node.kind === "field" ? node.field.name : node.name;
    const whole = critMessage(node.parent, true)[name] ?? null;
    if (whole === null) return bytesOf(image, node);
    const index = node.kind === "field" ? node.field.index : undefined;
    // An address is one text for all the elements.
    return index === undefined || !Array.isArray(whole)
      ? whole
      : ((whole as readonly CritValue[])[index] ?? whole);
  }
  return bytesOf(image, node);
}

async function bytesOf(image: Image, { span: { start, end } }: TreeNode): Promise<string> {
  const bytes = await image.plain.read(start, Math.min(end - start, MAX_BYTES));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

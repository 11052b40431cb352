import { partsOf, payloadPath } from "../../criu/index.ts";
import type {
  EntryNode,
  FieldNode,
  LabelledSpan,
  MessageNode,
  Part,
  PayloadNode,
  Span,
} from "../../criu/index.ts";

/** A row of the field tree with what it was made from. Paths are unique within an image. */
export type TreeNode =
  | { readonly kind: "header"; readonly path: string; readonly span: Span }
  | { readonly kind: "entry"; readonly path: string; readonly span: Span; readonly entry: EntryNode }
  | {
      /** Elements of one repeated field that lie one after the other, gathered under one row. */
      readonly kind: "list";
      readonly path: string;
      readonly span: Span;
      readonly name: string;
      /** Path that the elements' indexes are appended to. */
      readonly base: string;
      readonly fields: readonly FieldNode[];
      readonly parent: MessageNode;
    }
  | {
      readonly kind: "field";
      readonly path: string;
      readonly span: Span;
      readonly field: FieldNode;
      /** The message it is a field of. */
      readonly parent: MessageNode;
      /** Shown as `[3]` because its list carries the name. */
      readonly inList: boolean;
    }
  | {
      /** A piece of a value: a member of a C structure, an instruction. */
      readonly kind: "part";
      readonly path: string;
      readonly span: Span;
      readonly part: Part;
    }
  | { readonly kind: "payload"; readonly path: string; readonly span: Span; readonly payload: PayloadNode };

const childrenOf = new WeakMap<object, readonly TreeNode[]>();

/** The rows under `node`, in the order of the file. Made once per node and kept as long as the decoded entry is. */
export function children(node: TreeNode): readonly TreeNode[] {
  const owner = ownerOf(node);
  if (!owner) return [];
  const known = childrenOf.get(owner);
  if (known) return known;
  const made = makeChildren(node);
  childrenOf.set(owner, made);
  return made;
}

/** The rows of an image's header: its magics. */
export function headerNodes(header: readonly LabelledSpan[]): readonly TreeNode[] {
  const unique = uniquePaths();
  return header.map((span) => ({ kind: "header", path: unique(span.path || "magic"), span }));
}

/** The rows of what comes after the last entry, or of a raw image's body. */
export function restNodes(rest: readonly PayloadNode[]): readonly TreeNode[] {
  const unique = uniquePaths();
  return rest.map((payload) => ({
    kind: "payload",
    path: unique(payloadPath(payload.name) || "unknown"),
    span: payload.span,
    payload,
  }));
}

/** Whether the row of `path` is `node` or lies under it. */
export function leadsTo(node: TreeNode, path: string): boolean {
  if (path === node.path || path.startsWith(`${node.path}.`)) return true;
  if (node.kind !== "list") return path.startsWith(`${node.path}[`);
  if (!path.startsWith(`${node.base}[`)) return false;
  const index = Number.parseInt(path.slice(node.base.length + 1), 10);
  const first = node.fields[0]?.index ?? 0;
  return index >= first && index < first + node.fields.length;
}

/** The bytes of the value alone, without tag or size word. */
export function valueSpan(node: TreeNode): Span {
  switch (node.kind) {
    case "entry":
      return node.entry.message.span;
    case "field":
      return node.field.valueSpan;
    default:
      return node.span;
  }
}

/** The message whose fields are the row's children, if it has one. */
export function messageOf(node: TreeNode): MessageNode | undefined {
  switch (node.kind) {
    case "entry":
      return node.entry.message;
    case "field":
      return isMessage(node.field.value) ? node.field.value : undefined;
    case "payload":
      return node.payload.message;
    default:
      return undefined;
  }
}

export function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

/** The decoded object a node stands for; it lives as long as the entry, so it can key a cache. */
function ownerOf(node: TreeNode): object | undefined {
  switch (node.kind) {
    case "header":
      return undefined;
    case "entry":
      return node.entry;
    case "list":
      return node.fields;
    case "field":
      return isMessage(node.field.value) ? node.field.value : node.field;
    case "payload":
      return node.payload.message;
    case "part":
      return undefined;
  }
}

function makeChildren(node: TreeNode): readonly TreeNode[] {
  const unique = uniquePaths();
  if (node.kind === "list")
    return node.fields.map((field) =>
      fieldNode(field, unique(elementPath(node.base, field)), node.parent, true),
    );
  if (node.kind === "field" && !isMessage(node.field.value)) return partRows(node.field, node.path);
  const message = messageOf(node);
  const rows = message ? fieldRows(message, node.path, unique) : [];
  if (node.kind !== "entry") return rows;
  const payloads = node.entry.payloads.map((payload): TreeNode => {
    return {
      kind: "payload",
      path: unique(`${node.path}.${payloadPath(payload.name) || "unknown"}`),
      span: payload.span,
      payload,
    };
  });
  return [...rows, ...payloads];
}

function fieldRows(message: MessageNode, parent: string, unique: (path: string) => string): TreeNode[] {
  const rows: TreeNode[] = [];
  const { fields } = message;
  for (let at = 0; at < fields.length;) {
    const field = fields[at];
    if (!field) break;
    const run = fields.slice(at, runEnd(fields, at));
    const base = `${parent}.${field.name}`;
    at += run.length;
    const last = run.at(-1);
    if (run.length === 1 || !last)
      rows.push(fieldNode(field, unique(elementPath(base, field)), message, false));
    else {
      const span = { start: field.span.start, end: last.span.end };
      rows.push({
        kind: "list",
        path: unique(base),
        span,
        name: field.name,
        base,
        fields: run,
        parent: message,
      });
    }
  }
  return rows;
}

/** The end of the run of elements of one repeated field that begins at `at`. */
function runEnd(fields: readonly FieldNode[], at: number): number {
  const first = fields[at];
  let end = at + 1;
  if (first?.index === undefined) return end;
  while (fields[end]?.number === first.number && fields[end]?.index !== undefined) end++;
  return end;
}

function fieldNode(field: FieldNode, path: string, parent: MessageNode, inList: boolean): TreeNode {
  return { kind: "field", path, span: field.span, field, parent, inList };
}

/** The pieces of a value whose bytes have a form of their own. */
function partRows(field: FieldNode, path: string): TreeNode[] {
  const from = field.valueSpan.start;
  return partsOf(field).map((part) => {
    const name = /^\d+$/.test(part.name) ? `[${part.name}]` : `.${part.name}`;
    return {
      kind: "part",
      path: path + name,
      span: { start: from + part.start, end: from + part.end },
      part,
    };
  });
}

function elementPath(base: string, field: FieldNode): string {
  return field.index === undefined ? base : `${base}[${String(field.index)}]`;
}

/** proto2 lets a field that isn't repeated come twice; the second one is `name~2`. */
function uniquePaths(): (path: string) => string {
  const seen = new Map<string, number>();
  return (path) => {
    const times = (seen.get(path) ?? 0) + 1;
    seen.set(path, times);
    return times === 1 ? path : `${path}~${String(times)}`;
  };
}

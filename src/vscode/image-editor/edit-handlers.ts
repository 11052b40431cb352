import { fieldForm, fieldText, parseFieldText, showSize } from "../../criu/index.ts";
import type { Edit, FieldSchema, FieldValue, ScalarValue } from "../../criu/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";
import type { EditRequest, Handlers, ImageRpc, ValueForm } from "../../protocol/index.ts";
import type { ImageDocument } from "./document.ts";
import { imageEditorErrors } from "./errors.ts";
import { isMessage, messageOf } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import type { ImageTree } from "./tree.ts";

/** Bytes of a value that is typed; longer ones can't be read by a person either. */
const MAX_TYPED = 64 * 1024;

/** Answers to the requests of the editors of values. */
export function editHandlers(document: ImageDocument): Pick<Handlers<ImageRpc>, "form" | "check" | "edit"> {
  return {
    form: async ({ path, isNew }) => {
      const { base, tree } = await document.state();
      if (base.readOnly !== undefined) throw imageEditorErrors.readOnly(base.image.name, base.readOnly);
      return isNew ? newForm(tree, path) : valueForm(tree, path);
    },
    check: async ({ path, text }) => {
      const { field } = await fieldAt(await document.tree(), path);
      try {
        parseFieldText(field, text);
        return "";
      } catch (error) {
        return toCryoscopeError(error).sentence;
      }
    },
    edit: async (request) => {
      const edit = await editOf(await document.tree(), request);
      const after = await pathAfter(await document.tree(), edit);
      await document.edit(edit);
      return { path: after };
    },
  };
}

/** A payload is typed as bytes are. */
const PAYLOAD: FieldSchema = {
  name: "payload",
  number: 0,
  rule: "optional",
  type: "bytes",
  kind: "scalar",
  packed: false,
  doc: "Raw bytes behind the entry. Lengths that count them are mended.",
};

interface Found {
  readonly field: FieldSchema;
  /** The row it has; undefined for a field that is not there. */
  readonly node: TreeNode | undefined;
  /** Path of the message it is in. */
  readonly parent: string;
}

/** The field of a path, whether it is there or not. Throws `imageEditor.noValue` and `imageEditor.noSuchRow`. */
async function fieldAt(tree: ImageTree, path: string): Promise<Found> {
  const parent = path.slice(0, path.lastIndexOf("."));
  const found = (await tree.find(path))?.node;
  if (found?.kind === "payload") return { field: PAYLOAD, node: found, parent };
  if (found?.kind === "field") {
    const { schema, wireType } = found.field;
    if (wireType === -1) throw imageEditorErrors.noValue(path, "this image is no protobuf");
    if (!schema) throw imageEditorErrors.noValue(path, "its type is not known");
    return { field: schema, node: found, parent };
  }
  const name = path.slice(path.lastIndexOf(".") + 1);
  const message = await messageAt(tree, parent);
  const field = message?.schema?.fields.find((each) => each.name === name);
  if (!field) throw imageEditorErrors.noValue(path, "it is not a field");
  return { field, node: undefined, parent };
}

async function messageAt(tree: ImageTree, path: string) {
  const found = await tree.find(path);
  return found && messageOf(found.node);
}

async function valueForm(tree: ImageTree, path: string): Promise<ValueForm> {
  const { field, node } = await fieldAt(tree, path);
  const isPayload = node?.kind === "payload";
  if (!node || field.kind === "message" || (!isPayload && node.kind !== "field"))
    throw imageEditorErrors.noValue(path, "it is a message");
  const { start, end } = isPayload ? node.span : node.field.valueSpan;
  if (end - start > MAX_TYPED) throw imageEditorErrors.tooLongToEdit(path, showSize(MAX_TYPED));
  const value = isPayload ? await tree.image.plain.read(start, end - start) : scalar(node.field.value);
  return { ...shared(field, path), at: path, isNew: false, text: fieldText(field, value) };
}

async function newForm(tree: ImageTree, path: string): Promise<ValueForm> {
  const { field, parent } = await fieldAt(tree, path);
  if (field.kind === "message") throw imageEditorErrors.noValue(path, "it is a message");
  return { ...shared(field, path), at: parent, isNew: true, text: fieldText(field, emptyValue(field)) };
}

function shared(field: FieldSchema, path: string) {
  const { name, type, doc } = field;
  return { path, name, type, doc, control: fieldForm(field) };
}

function scalar(value: FieldValue): ScalarValue {
  return isMessage(value) ? "" : value;
}

function emptyValue({ type, default: given }: FieldSchema): ScalarValue {
  if (type === "string") return given ?? "";
  if (type === "bytes") return new Uint8Array(0);
  if (type === "bool") return given === "true";
  return /^-?\d+$/.test(given ?? "") ? BigInt(given ?? 0) : 0n;
}

async function editOf(tree: ImageTree, request: EditRequest): Promise<Edit> {
  const { path } = request;
  if (!("text" in request)) return { kind: request.do, path };
  if (request.do === "add" && path === "entries") return { kind: "add", path };
  const { field } = await fieldAt(tree, path);
  if (request.do === "add" && field.kind === "message") return { kind: "add", path };
  return { kind: request.do, path, value: parseFieldText(field, request.text) };
}

/** The row to select when an edit is made: what is new, or what is left. */
async function pathAfter(tree: ImageTree, { kind, path }: Edit): Promise<string> {
  const [, list = "", index = ""] = /^(.*)\[(\d+)\]$/.exec(path) ?? [];
  if (kind === "duplicate") return `${list}[${String(Number(index) + 1)}]`;
  if (kind === "remove") {
    const above = path.slice(0, Math.max(path.lastIndexOf("."), 0));
    if (above !== "") return above;
    return Number(index) > 0 ? `${list}[${String(Number(index) - 1)}]` : path;
  }
  if (kind === "set") return path;
  if (path === "entries") return `entries[${String(tree.image.entryCount)}]`;
  const { field, parent } = await fieldAt(tree, path);
  if (field.rule !== "repeated") return path;
  const fields = (await messageAt(tree, parent))?.fields ?? [];
  return `${path}[${String(fields.filter(({ number }) => number === field.number).length)}]`;
}

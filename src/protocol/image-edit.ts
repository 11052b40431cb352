import type { ImageProblem } from "./image.ts";

/** What can be done to a row of an image that can be changed. */
export type RowAction = "edit" | "remove" | "add" | "duplicate";

/** How a row differs from the image as it was opened. */
export interface RowChange {
  /** `inside`: something under the row differs. */
  readonly kind: "changed" | "added" | "inside";
  /** In words: what it was, or what is gone from it. */
  readonly words: string;
}

/** What may be changed of an image, and what was. */
export interface EditState {
  /** Why it can't be changed, in a sentence; undefined when it can. */
  readonly readOnly?: string;
  /** A copy of it could be changed. */
  readonly copyHelps: boolean;
  /** The differences in words, in the order of the file; at most 100. */
  readonly changes: readonly string[];
  readonly changeCount: number;
  /** What CRIU would refuse of the image as it is now. */
  readonly problems: readonly ImageProblem[];
  /** Why the file is not the one that was opened, in a sentence. */
  readonly stale?: string;
}

/** The control that a value is typed into; the words of `FieldForm` in src/criu/edit. */
export type ValueControl =
  | { readonly kind: "number"; readonly min: string; readonly max: string }
  | {
      readonly kind: "choice";
      readonly choices: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly kind: "flags"; readonly bits: readonly { readonly name: string; readonly mask: string }[] }
  | { readonly kind: "bool" | "fraction" | "text" | "bytes" };

/** What a view needs to ask for a value. */
export interface ValueForm {
  readonly path: string;
  /** Row that it is about: that of the field, or for a new one that of the message it comes into. */
  readonly at: string;
  /** The field is not there yet. */
  readonly isNew: boolean;
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  readonly control: ValueControl;
  /** To begin with. */
  readonly text: string;
}

/** An edit as a person asks for it; values are text. */
export type EditRequest =
  | { readonly do: "set" | "add"; readonly path: string; readonly text: string }
  | { readonly do: "remove" | "duplicate"; readonly path: string };

// Type aliases, because an interface never fits the index signature of RpcMap.
/** Requests of the editors of values. */
export type EditRequests = Readonly<{
  /** What is needed to ask for the value of a field; with `isNew` of one that is not there yet. */
  form: { readonly params: { readonly path: string; readonly isNew: boolean }; readonly result: ValueForm };
  /** Whether a text can be the value of a field: the sentence that says why not, or "". */
  check: { readonly params: { readonly path: string; readonly text: string }; readonly result: string };
  /** Makes an edit, and gives the path of the row to select then. */
  edit: { readonly params: EditRequest; readonly result: { readonly path: string } };
}>;

export type EditHostEvents = Readonly<{
  /** The image is another one now: ask for everything again. */
  changed: Record<string, never>;
  /** Ask for the value of a field. */
  editField: { readonly path: string; readonly isNew: boolean };
}>;

export type EditViewEvents = Readonly<{
  /** Do what the command of this name does to the row of a path. */
  run: {
    readonly do: "removeField" | "addField" | "duplicateField" | "editCopy" | "reload";
    readonly path: string;
  };
}>;

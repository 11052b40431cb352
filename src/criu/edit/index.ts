// edit: changes of images. An edit names a field by its path; saving makes anew what changed and copies all else.
export { NO_EDITS, redoEdit, undoEdit, withEdit } from "./edits.ts";
export type { Edit, EditLog } from "./edits.ts";
export { checkEditable, editImage } from "./image.ts";
export type { EditedImage } from "./image.ts";
export type { Change, OldField } from "./changes.ts";
export { addableFields } from "./addable.ts";
export { fieldForm, fieldText } from "./form.ts";
export type { FieldForm } from "./form.ts";
export { parseFieldText } from "./value.ts";
export { editErrors } from "./errors.ts";

// references: which field names which other thing of the checkpoint, where that is defined, and who else names it.
export { findDefinition, findReferences } from "./find.ts";
export type { FindOptions, FoundReference, ImageSet, Place } from "./find.ts";
export { findPages } from "./pages.ts";
export type { PagesPlace } from "./pages.ts";
export {
  isDefinition,
  leadsElsewhere,
  referenceOf,
  referenceOfImage,
  referenceOfMessage,
  referenceText,
} from "./reference.ts";
export type { Reference } from "./reference.ts";

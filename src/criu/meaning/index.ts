// meaning: values as people read them. Pure functions from decoded fields to text and parts.
export { partsOf, ROW_LENGTH, showField, showList, showMessage } from "./display.ts";
export { elementName } from "./elements.ts";
export { hexText, quote, showSize } from "./text.ts";
export type { Part } from "./part.ts";

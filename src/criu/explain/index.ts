// explain: an image in words: the steps that lead from its first byte to any other. Pure functions of an image.
export type * from "./model.ts";
export { explain } from "./explain.ts";

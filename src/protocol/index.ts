// protocol: types of the messages between the extension host and the webviews. No code that runs.
export type * from "./rpc.ts";
export type * from "./explain.ts";
export type * from "./image.ts";
export type * from "./image-edit.ts";
export type * from "./image-hex.ts";
export type * from "./image-tree.ts";
export type * from "./memory.ts";
export type * from "./overview.ts";

export { isEnveloped } from "./enveloped.ts";
export { openCms, openSmallCms } from "./open.ts";

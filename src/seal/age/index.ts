export { isAgeFile, openAge } from "./open.ts";
export { sealWithAge } from "./seal.ts";

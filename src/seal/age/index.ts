export { isAgeFile, openAge } from "./open.ts";

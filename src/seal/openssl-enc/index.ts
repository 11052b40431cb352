export { isOpensslEnc, openOpensslEnc } from "./open.ts";

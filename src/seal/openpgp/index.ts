export { isPgpMessage } from "./recognise.ts";
export { openPgp, openSmallPgp } from "./open.ts";

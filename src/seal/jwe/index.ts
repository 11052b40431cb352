export { jweNeeds, openJwe, readJwe } from "./open.ts";
export type { Jwe } from "./open.ts";

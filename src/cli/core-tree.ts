// What reads ELF cores and minidumps, as a part that is loaded when one is opened.
export { openCoreTree } from "../corefile/index.ts";

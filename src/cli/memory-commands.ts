/**
 * The commands that read memory, and bisect, which wakes what it read. They share nearly all of their code, so they are
 * loaded as one: each for itself, they would be most of what the package weighs.
 */
export * as bisect from "./bisect.ts";
export * as core from "./core.ts";
export * as heap from "./heap.ts";
export * as history from "./history.ts";
export * as memory from "./memory.ts";
export * as modules from "./modules.ts";
export * as proc from "./proc.ts";
export * as search from "./search.ts";
export * as secrets from "./secrets.ts";
export * as stack from "./stack.ts";
export * as strings from "./strings.ts";
export * as yara from "./yara.ts";

import { CryoscopeError } from "../../bytes/index.ts";
import type { LoadedModule } from "./loaded-modules.ts";

/** Debug information that can't be read as it should: what it would tell is left out. */
export interface DamagedModule {
  readonly name: LoadedModule["name"];
  /** In words, with its full stop. */
  readonly sentence: string;
}

/** Takes what a reader of a module's debug information threw; for `catch`. */
export type OnDamage = (error: unknown) => undefined;

/** Tells of a module's damage once, with the first reason: one wrong byte breaks much that is read later. */
export function onceOf(name: string, tell: (damaged: DamagedModule) => void): OnDamage {
  let isTold = false;
  return (error) => {
    if (!isTold && error instanceof CryoscopeError && error.code.startsWith("elf.")) {
      isTold = true;
      tell({ name, sentence: error.sentence });
    }
    return undefined;
  };
}

import type { CommandRow } from "./command.ts";
import { CONTENTS } from "./commands/contents.ts";
import { ENGINES } from "./commands/engines.ts";
import { IMAGES } from "./commands/images.ts";
import { MEMORY } from "./commands/memory.ts";
import { SEALED } from "./commands/sealed.ts";

/** Every command of the command line, by name. A new one is a row in a file of `commands/` and the file that it loads. */
export const COMMANDS: readonly CommandRow[] = [
  ...CONTENTS,
  ...ENGINES,
  ...IMAGES,
  ...MEMORY,
  ...SEALED,
].sort((a, b) => (a.name < b.name ? -1 : 1));

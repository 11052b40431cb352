import { encodeText } from "../bytes/index.ts";
import { setImmediate } from "node:timers/promises";
import { procfsErrors } from "./errors.ts";
import type { Content } from "./model.ts";

/** Longest file that is made. A process with a million mappings has a longer one; no editor shows it. */
const MAX_TEXT = 64 * 1024 * 1024;
/** Milliseconds that a long file may be worked on before others have their turn. */
const SLICE = 8;

/** Content as bytes, made in slices. Throws `procfs.tooLong`. */
export async function bytesOf(content: Content, path: string, limit = MAX_TEXT): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return encodeText(content);
  const parts: Uint8Array[] = [];
  let length = 0;
  let lines: string[] = [];
  let turn = performance.now();
  const close = (): void => {
    const part = encodeText(lines.join(""));
    length += part.length;
    if (length > limit) throw procfsErrors.tooLong(path, limit);
    parts.push(part);
    lines = [];
  };
  for (const line of content) {
    lines.push(line);
    if (lines.length < 256) continue;
    close();
    if (performance.now() - turn > SLICE) {
      await setImmediate();
      turn = performance.now();
    }
  }
  close();
  return new Uint8Array(Buffer.concat(parts));
}

/** Hexadecimal without `0x`, at least `width` digits: the kernel's `%0*lx`. */
export const hex = (value: bigint | number, width = 1): string => value.toString(16).padStart(width, "0");

/** The bytes in `set` as three octal digits after a backslash (`fs/seq_file.c: mangle_path`). */
export function octal(text: string, set: string): string {
  return [...text]
    .map((character) =>
      set.includes(character)
        ? `\\${(character.codePointAt(0) ?? 0).toString(8).padStart(3, "0")}`
        : character,
    )
    .join("");
}

/** Characters that `mounts` and `mountinfo` escape in paths (`fs/proc_namespace.c`). */
export const MOUNT_ESCAPES = " \t\n\\";

/** A whole line that begins with one of these names and a colon. */
export function linesNamed(names: string): RegExp {
  return new RegExp(`^(?:${names}):.*\\n`, "gm");
}

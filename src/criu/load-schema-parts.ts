// Stands for `load-schema.ts` in the command line's bundles: of the schema a command needs a few messages, and parsing all
// of it would take longer than decoding most images. `scripts/build.ts` writes the file this reads: one line of JSON with
// the places of all parts behind it, then the parts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Schema } from "./schema.ts";

type Places = Readonly<Record<string, readonly [start: number, end: number]>>;

/** From the folder of the bundle. */
declare const SCHEMA_FILE: string;

const file = readFileSync(join(__dirname, SCHEMA_FILE));
const start = file.indexOf("\n") + 1;
// Written by the build from a value of these types.
const index = JSON.parse(file.toString("utf8", 0, start)) as Readonly<Record<keyof Schema, Places>>;

/** A table whose values are parsed when they are first asked for. */
function lazily<T>(places: Places): Readonly<Record<string, T>> {
  const table: Record<string, T> = {};
  for (const [name, [from, to]] of Object.entries(places))
    Object.defineProperty(table, name, {
      enumerable: true,
      configurable: true,
      get() {
        // As above.
        const value = JSON.parse(file.toString("utf8", start + from, start + to)) as T;
        Object.defineProperty(table, name, { value, enumerable: true });
        return value;
      },
    });
  return table;
}

/** CRIU's wire schema: every message, enum and table of `proto/`. */
export const criuSchema: Schema = {
  messages: lazily(index.messages),
  enums: lazily(index.enums),
  flags: lazily(index.flags),
};

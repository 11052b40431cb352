import { criuSchema } from "../criu/index.ts";

/** The schema's name for a number (`enumName("tcp.state", 10)` is `LISTEN`), or the number where it has none. */
export function enumName(table: string, value: number): string {
  const values = Object.entries(criuSchema.enums[table]?.values ?? {});
  return values.find(([, number]) => number === value)?.[0] ?? String(value);
}

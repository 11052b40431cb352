// Bytes whose form is that of the machine, which the core image that has them names.
import type { MessageNode } from "./model.ts";
import type { SchemaIndex } from "./schema-index.ts";

/**
 * Machines whose siginfo_t has words of 4 bytes. 32-bit tasks of x86 aren't among them: the kernel gives the siginfo_t of
 * who asks (`kernel/ptrace.c: ptrace_peek_siginfo`), and CRIU is a 64-bit program there.
 */
const NARROW: ReadonlySet<unknown> = new Set([/* ARM of core_entry.march */ 2]);

const made = new WeakMap<SchemaIndex, SchemaIndex>();

/** The schema for a message that has been decoded by `schemas`, if it is of a machine that needs another. */
export function schemasOfMachine(message: MessageNode, schemas: SchemaIndex): SchemaIndex | undefined {
  if (message.schema?.name !== "core_entry") return undefined;
  if (!NARROW.has(message.fields.find(({ name }) => name === "mtype")?.value)) return undefined;
  const known = made.get(schemas) ?? narrow(schemas);
  made.set(schemas, known);
  return known;
}

function narrow(schemas: SchemaIndex): SchemaIndex {
  const wide = schemas.message("siginfo_entry");
  const entry = wide && {
    ...wide,
    fields: wide.fields.map((field) => (field.show === "siginfo" ? { ...field, show: "siginfo32" } : field)),
  };
  return { ...schemas, message: (name) => (name === wide?.name ? entry : schemas.message(name)) };
}

import type { MessageMap, MessageName } from "../../criu/index.ts";
import type { FileContext } from "./context.ts";
import type { FileDetail } from "./detail.ts";

export type FileEntry = MessageMap["file_entry"];

/** What is said of an open file besides its number. */
export interface FileFacts {
  readonly path?: string | undefined;
  /** One line for people. */
  readonly description: string;
  readonly flags?: number | undefined;
  readonly position?: bigint | undefined;
  readonly owner?: MessageMap["fown_entry"] | undefined;
  readonly detail: FileDetail;
}

/** The body of an entry, by its member of the union. */
export type Body<K extends keyof FileEntry> = NonNullable<FileEntry[K]>;

/** A row of the table of kinds. */
export interface FileKind {
  /** `fd_types` (`images/fdinfo.proto`), by crit's name. */
  readonly name: string;
  readonly member: keyof FileEntry;
  /** The image that CRIU before 3.0 wrote entries of this kind to, and what is in it. */
  readonly legacy?: { readonly file: string; readonly message: MessageName };
  /** Undefined when the entry has no body of this kind. */
  readonly describe: (entry: FileEntry, context: FileContext) => Promise<FileFacts | undefined>;
}

/** Makes a row: crit's name, the member of the union, what to say of it, and where old CRIU wrote it. */
export function fileKind<K extends keyof FileEntry>(
  name: string,
  member: K,
  describe: (body: Body<K>, context: FileContext) => FileFacts | Promise<FileFacts>,
  legacy?: FileKind["legacy"],
): FileKind {
  return {
    name,
    member,
    ...(legacy && { legacy }),
    describe: async (entry, context) => {
      const body = entry[member];
      return body === undefined || body === null ? undefined : describe(body, context);
    },
  };
}

/** The first few of many, for a line that people read. */
export const few = (items: readonly string[]): string =>
  items.length > 8 ? `${items.slice(0, 8).join(", ")} and ${items.length - 8} more` : items.join(", ");

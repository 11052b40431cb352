import { mkdirSync, openSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { cliErrors } from "./errors.ts";

/** A file that is made with the first thing written into it. */
export interface LazyFile {
  /** Writes ASCII text. Bytes are written before it returns. */
  write(text: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The folder that JSON is written into; made when it isn't there. Throws `cli.unwritable`. */
export function jsonFolder(folder: string): Promise<{ create(name: string): LazyFile }> {
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  return Promise.resolve({ create: (name) => lazyFile(join(folder, name)) });
}

// Synchronous: for the many small files of a checkpoint a thread's round trip for each call takes longer than the call.
function lazyFile(path: string): LazyFile {
  let descriptor: number | undefined;
  return {
    write(text) {
      attempt(path, () => {
        descriptor ??= openSync(path, "w");
        const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
        for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      });
      return Promise.resolve();
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      return Promise.resolve();
    },
  };
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    throw cliErrors.unwritable(path, cause);
  }
}

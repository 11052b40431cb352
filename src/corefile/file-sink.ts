import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { CoreSink } from "./write-core.ts";

/** A file that appears whole or not at all: call one of `done` and `discard` in the end. */
export interface FileSink extends CoreSink {
  /** Puts the file in its place, over an old one of its name. */
  done(): Promise<void>;
  discard(): Promise<void>;
}

/** Makes a new file beside `path`, readable by its owner only: memory holds secrets. Throws what the system throws. */
export async function openFileSink(path: string): Promise<FileSink> {
  const draft = `${path}.${randomBytes(4).toString("hex")}.part`;
  const file = await open(draft, "wx", 0o600);
  return {
    async write(offset, bytes) {
      for (let at = 0; at < bytes.length;)
        at += (await file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
    },
    end: (size) => file.truncate(size),
    async done() {
      await file.close();
      await rename(draft, path);
    },
    async discard() {
      await file.close();
      await rm(draft, { force: true });
    },
  };
}

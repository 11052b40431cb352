import { fstatSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import type { CryoscopeError } from "../bytes/index.ts";

/** Where a command writes: results to one side, messages to the other. */
export interface CliOutput {
  /** Standard output; text as UTF-8. Waits while the reader is slow; rejects when the reader is gone. */
  write(text: string | Uint8Array): Promise<void>;
  /** A line on standard error. */
  message(text: string): void;
  /** Whether standard output is a terminal, where control characters would act. */
  readonly toTerminal: boolean;
}

/** Bytes gathered before they are handed on: a line each would cost a system call each. */
const GATHER = 256 * 1024;
/** A character's bytes in UTF-8, at most, for each of its UTF-16 units. */
const MAX_UNIT = 3;

export interface BufferedOutput extends CliOutput {
  /** Hands on what was gathered. To be called once, at the end. */
  flush(): Promise<void>;
}

/** The streams of a process, made when they are first asked for: that takes longer than many a command. */
export interface OutputStreams {
  stdout(): Writable & { readonly isTTY?: boolean };
  stderr(): Writable & { readonly isTTY?: boolean };
  /** Descriptor that standard output can be written to without its stream, as long as nothing has to wait. */
  readonly descriptor?: number;
}

export function streamOutput(streams: OutputStreams): BufferedOutput {
  let gathered: Buffer | undefined;
  let length = 0;
  let { descriptor } = streams;

  const toStream = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      streams.stdout().write(bytes, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  const handOn = async (bytes: Uint8Array): Promise<void> => {
    let written = 0;
    while (descriptor !== undefined && written < bytes.length)
      try {
        written += writeSync(descriptor, bytes, written);
      } catch (error) {
        // A pipe that is full and doesn't block: the stream knows how to wait.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        descriptor = undefined;
      }
    if (written < bytes.length) await toStream(bytes.subarray(written));
  };
  const flush = async (): Promise<void> => {
    const bytes = gathered?.subarray(0, length);
    length = 0;
    if (bytes && bytes.length > 0) await handOn(bytes);
  };
  return {
    get toTerminal() {
      // A file or a pipe is none, and needs no stream to be made to know it.
      if (descriptor !== undefined && !fstatSync(descriptor).isCharacterDevice()) return false;
      return streams.stdout().isTTY === true;
    },
    async write(text) {
      if (typeof text !== "string") {
        await flush();
        return handOn(text);
      }
      if (length + text.length * MAX_UNIT > GATHER) await flush();
      if (text.length * MAX_UNIT > GATHER) return handOn(Buffer.from(text));
      gathered ??= Buffer.allocUnsafe(GATHER);
      length += gathered.write(text, length);
    },
    message(text) {
      const stderr = streams.stderr();
      stderr.write(`${stderr.isTTY === true ? printable(text) : text}\n`);
    },
    flush,
  };
}

/**
 * Text from a checkpoint made harmless for a terminal: control characters (except line breaks and tabs), and the
 * characters that turn the direction of writing, as escapes.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An error as one or two lines: the sentence with its place, and what to do next. */
export function errorText(error: CryoscopeError): string {
  return error.next === undefined ? error.message : `${error.message}\n${error.next}`;
}

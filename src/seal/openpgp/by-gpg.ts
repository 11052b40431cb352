import { spawn } from "node:child_process";
import { once } from "node:events";
import type { GpgAgent } from "../keys/key.ts";
import type { PgpFailure } from "./by-library.ts";

const MAX_WORDS = 64 * 1024;

/**
 * Deciphers a message with the user's `gpg`, which asks its agent for keys and the person for passphrases. What was
 * handed to `write` counts only when this says `undefined`. `missing`: there is no such program.
 */
export async function openByGpg(
  input: AsyncIterable<Uint8Array>,
  { program = "gpg", home }: GpgAgent,
  write: (bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<PgpFailure | "missing" | undefined> {
  const args = ["--quiet", "--no-tty", "--status-fd", "2", "--decrypt"];
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...(home !== undefined && { GNUPGHOME: home }) },
    ...(signal && { signal }),
  });
  let words = "";
  child.stderr.on("data", (bytes: Buffer) => {
    words = (words + bytes.toString("latin1")).slice(-MAX_WORDS);
  });
  const ended = new Promise<number | "missing" | "failed">((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ENOENT" ? "missing" : "failed");
    });
    child.on("close", (code) => {
      resolve(code ?? "failed");
    });
  });
  // It may end before it has read everything; then its status says why.
  child.stdin.on("error", () => undefined);
  const fed = feed(input, child.stdin);
  try {
    for await (const bytes of child.stdout) await write(bytes as Buffer);
    await fed;
  } finally {
    child.kill();
  }
  signal?.throwIfAborted();
  const status = await ended;
  if (status === "missing") return "missing";
  if (status === 0 && words.includes("[GNUPG:] DECRYPTION_OKAY")) return undefined;
  if (words.includes("[GNUPG:] BADMDC")) return "notAuthentic";
  if (/message was not integrity protected/.test(words)) return "unprotected";
  // A key was found, and what it opened is wrong all the same.
  return words.includes("[GNUPG:] DECRYPTION_KEY") ? "notAuthentic" : "wrongKey";
}

async function feed(
  input: AsyncIterable<Uint8Array>,
  stdin: NodeJS.WritableStream & { destroyed?: boolean },
): Promise<void> {
  for await (const bytes of input) {
    if (stdin.destroyed === true) return;
    if (!stdin.write(bytes))
      await Promise.race([once(stdin, "drain"), once(stdin, "close")]).catch(() => undefined);
  }
  stdin.end();
}

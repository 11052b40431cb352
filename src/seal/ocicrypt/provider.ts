import { spawn } from "node:child_process";
import { sealErrors } from "../errors.ts";
import type { KeyProvider } from "../keys/key.ts";
import { parseObject } from "./annotations.ts";

const MAX_ANSWER = 1 << 20;
const TIMEOUT = 60_000;

/**
 * Has ocicrypt's key provider unwrap a packet (`docs/keyprovider.md` of containers/ocicrypt): a program that reads JSON
 * and writes JSON. Nothing goes through a shell. undefined when it says that it can't; throws `seal.programFailed` when
 * it isn't there or says nothing that can be understood, and the signal's reason.
 */
export async function askProvider(
  { command, args, name }: KeyProvider,
  packet: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const request = {
    op: "keyunwrap",
    keyunwrapparams: { dc: { Parameters: {} }, annotation: Buffer.from(packet).toString("base64") },
  };
  const answer = await run(command, args, JSON.stringify(request), name, signal);
  if (answer === undefined) return undefined;
  const results = parseObject(answer)?.["keyunwrapresults"];
  answer.fill(0);
  const data =
    typeof results === "object" && results !== null && "optsdata" in results ? results.optsdata : undefined;
  if (typeof data !== "string") throw sealErrors.programFailed(name, "its answer is not a keyprovider's");
  return Buffer.from(data, "base64");
}

function run(
  command: string,
  args: readonly string[],
  input: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "ignore"],
      shell: false,
      timeout: TIMEOUT,
      ...(signal && { signal }),
    });
    const pieces: Buffer[] = [];
    let size = 0;
    child.stdout.on("data", (bytes: Buffer) => {
      size += bytes.length;
      if (size > MAX_ANSWER) child.kill();
      else pieces.push(bytes);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        signal?.aborted === true
          ? error
          : sealErrors.programFailed(
              name,
              error.code === "ENOENT" ? "there is no such program" : "it can't be run",
            ),
      );
    });
    child.on("close", (status) => {
      if (size > MAX_ANSWER) reject(sealErrors.programFailed(name, "its answer is far too long"));
      else if (status === null) reject(sealErrors.programFailed(name, "it did not answer within a minute"));
      else resolve(status === 0 ? Buffer.concat(pieces) : undefined);
    });
    // It may end before it has read anything; its status says so.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

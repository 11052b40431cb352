// Other programs that seal: age, gpg, sq, cryptsetup, as Debian has them, in the lab.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openSealed } from "../../src/seal/index.ts";
import type { Key } from "../../src/seal/index.ts";
import { openFileSource } from "../../src/bytes/index.ts";
import { inLab } from "./namespaces.ts";
import { LAB_SHARE } from "./sockets.ts";

/** A folder that both sides see under the same name, and programs of the lab that work in it. */
export class Peers {
  readonly folder: string;

  constructor(name: string) {
    this.folder = join(LAB_SHARE, `${name}-${process.pid}`);
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** Runs a shell script in the folder; gives its standard output. */
  run(script: string, ...args: readonly string[]): string {
    const body = `cd "$1"; shift; ${script}`;
    const [file, words] = inLab(["sh", "-euc", body, "peers", this.folder, ...args]);
    const { status, stdout, stderr } = spawnSync(file, words, { encoding: "utf8", timeout: 60_000 });
    assert.equal(status, 0, `${script}\n${stderr}`);
    return stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function sumOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What comes out of a sealed file, by its hash, and which key opened it. */
export async function opened(
  path: string,
  keys: readonly Key[],
): Promise<{ readonly sum: string; readonly by: string }> {
  const file = await openFileSource(path);
  try {
    const plain = await openSealed(file, path, keys);
    assert.ok(plain, `${path} is not known as sealed`);
    try {
      return { sum: sumOf(await plain.source.read(0, plain.source.size)), by: plain.openedBy };
    } finally {
      await plain.source.close?.();
    }
  } finally {
    await file.close?.();
  }
}

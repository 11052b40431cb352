import { basename } from "node:path";
import { openArchiveFile, openNested, openTree, openWithin } from "../archive/index.ts";
import type { FileTree, OpenOptions } from "../archive/index.ts";
import { CryoscopeError } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { sealErrors } from "./errors.ts";
import type { Key } from "./keys/index.ts";
import type { OpenSealedOptions } from "./opened.ts";
import { looksSealed, openSealed, TREE_SCHEMES } from "./schemes.ts";

export interface SealedTreeOptions extends OpenOptions, OpenSealedOptions {
  /** Told which key opened it, and how far it is authenticated. */
  readonly report?: (note: string) => void;
  /** Told the name of the key that opened it. */
  readonly openedBy?: (name: string) => void;
  /** Bytes of the file that are read without asking a thread, see `openFileSource`. */
  readonly atOnce?: number;
}

/**
 * `openTree`, also for what is sealed: a file with age, OpenPGP, openssl or CMS, an encrypted container image. Images
 * that CRIU sealed stay as they are; `openSealedLayer` opens those. Plaintext stays in memory, or in an encrypted spill
 * file. Closing the tree closes everything and overwrites keys. Throws what `openTree` and the schemes throw.
 */
export async function openSealedTree(
  path: string,
  keys: readonly Key[],
  options: SealedTreeOptions = {},
): Promise<FileTree> {
  return closing(await open(path, keys, options), () => Promise.resolve());
}

async function open(path: string, keys: readonly Key[], options: SealedTreeOptions): Promise<FileTree> {
  const source = await openArchiveFile(path, options);
  if (source === undefined) return openInside(await openTree(path, { ...options, raw: true }), keys, options);
  const name = basename(path);
  const close = () => source.close?.() ?? Promise.resolve();
  try {
    const opened = await openSealed(source, name, keys, options);
    if (opened === undefined) {
      const raw = await openNested(source, name, { ...options, raw: true }).catch(unlessSealed(source, name));
      return await openInside(closing(raw, close), keys, options);
    }
    options.openedBy?.(opened.openedBy);
    for (const note of [`Opened with ${opened.openedBy}.`, ...opened.notes]) options.report?.(note);
    const closeBoth = async (): Promise<void> => {
      await opened.source.close?.();
      await close();
    };
    try {
      const raw = await openNested(opened.source, name, { ...options, raw: true });
      return await openInside(closing(raw, closeBoth), keys, options);
    } catch (error) {
      await opened.source.close?.();
      throw error;
    }
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is in a tree that was opened raw: its layers unsealed where they are sealed. */
async function openInside(
  raw: FileTree,
  keys: readonly Key[],
  options: SealedTreeOptions,
): Promise<FileTree> {
  try {
    for (const scheme of TREE_SCHEMES) {
      if (!(await scheme.matches(raw))) continue;
      const { tree, openedBy } = await scheme.open(raw, keys, options);
      for (const name of openedBy) options.openedBy?.(name);
      options.report?.(`Opened with ${openedBy.join(", ")}.`);
      return await openWithin(
        closing(tree, () => raw.close()),
        options,
      );
    }
    return await openWithin(raw, options);
  } catch (error) {
    await raw.close();
    throw error;
  }
}

/** A tree that closes something more. Closed again, by somebody who can't know that it is, it does nothing. */
function closing(tree: FileTree, more: () => Promise<void>): FileTree {
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await tree.close();
    await more();
  };
  return {
    ...tree,
    get problems() {
      return tree.problems;
    },
    close: () => (closed ??= close()),
  };
}

/** Of what is no archive, and looks like noise, it is said that it may be sealed in a way that isn't known. */
function unlessSealed(source: ByteSource, name: string): (error: unknown) => Promise<never> {
  return async (error) => {
    const isUnknown = error instanceof CryoscopeError && error.code === "archive.notAnArchive";
    if (isUnknown && (await looksSealed(source)))
      throw sealErrors.unsupported(
        name,
        "sealed or compressed in a way that leaves no mark",
        "Find out how it was made, open it with that program, and open what comes out.",
      );
    throw error;
  };
}

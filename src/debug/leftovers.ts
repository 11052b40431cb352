// What a session makes that would outlive its process, should that end in the middle, and how each is given back by another.
import { rm } from "node:fs/promises";
import { basename, dirname, isAbsolute } from "node:path";
import type { Engine } from "../engine/index.ts";
import { letGoOf } from "./hold.ts";

export type Leftover =
  /** A copy of a container, which is removed. */
  | { readonly kind: "copy"; readonly endpoint: string; readonly name: string }
  /** A container that is held, by its id; it is let go and stays. */
  | { readonly kind: "held"; readonly endpoint: string; readonly container: string }
  /** A file or folder of this machine. */
  | { readonly kind: "files"; readonly path: string };

/**
 * What was noted is gone for sure; or, with `settling`, it isn't there now, but an engine that nobody waits for any more may
 * still make it: it is looked for again for a while.
 */
export type Strike = (settling?: "settling") => Promise<void>;
/** Writes down what is about to be made. */
export type Note = (leftover: Leftover) => Promise<Strike>;

/** `settling`: not there now, but an engine that was told to make it, or to freeze what was held, may still be at it. */
export type GivenBack = "gone" | "settling" | "failed" | "unreachable";

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** Drafts and copies beside a file, folders for temporary files, and Docker's checkpoints of stopped processes. */
const OUR_FILES = new RegExp(String.raw`^(?:.+\.${UUID}\.part|cryoscope-[a-z]+-${UUID})$`);
const OUR_CHECKPOINTS = new RegExp(`^stopped-${UUID}$`);
const OUR_COPIES = /-debug-[0-9a-f]{8}$/;

/** Whether it bears a name that we give: a record that someone changed removes nothing else. */
export function isOurs(one: Leftover): boolean {
  if (one.kind === "held") return true;
  if (one.kind === "copy") return OUR_COPIES.test(one.name);
  const name = basename(one.path);
  if (!isAbsolute(one.path) || one.path.split("/").includes("..")) return false;
  return (
    OUR_FILES.test(name) || (OUR_CHECKPOINTS.test(name) && basename(dirname(one.path)) === "checkpoints")
  );
}

/** Gives back what a process left that is no more. Never throws. */
export async function giveBack(one: Leftover, engines: readonly Engine[]): Promise<GivenBack> {
  try {
    if (!isOurs(one)) return "gone";
    if (one.kind === "files") {
      await rm(one.path, { recursive: true, force: true });
      return "gone";
    }
    const engine = engines.find(({ endpoint }) => endpoint === one.endpoint);
    if (engine === undefined) return "unreachable";
    return one.kind === "copy" ? await removeCopy(engine, one.name) : await letGo(engine, one.container);
  } catch {
    return "failed";
  }
}

async function removeCopy(engine: Engine, name: string): Promise<GivenBack> {
  const found = (await engine.list()).find((one) => one.name === name || one.id === name);
  if (found === undefined) return "settling";
  await engine.remove(found.id);
  return "gone";
}

async function letGo(engine: Engine, container: string): Promise<GivenBack> {
  const found = (await engine.list()).find(({ id }) => id === container);
  if (found !== undefined) await letGoOf(engine, found.id);
  return "settling";
}

import type { AddressSpace, Area } from "../../memory/index.ts";
import type { LoadedModules } from "../unwind/loaded-modules.ts";
import { COOKIE, fixedLayout, OFFSETS_SIZE, toldLayout } from "./layout.ts";
import type { PythonLayout } from "./layout.ts";

/** A CPython interpreter in memory. */
export interface PythonRuntime {
  /** Of `_PyRuntime`. */
  readonly address: bigint;
  readonly layout: PythonLayout;
}

const PYTHON = /(^|\/)(lib)?python3?[\d.]*[^/]*$/;
/** Bytes of data that are searched for the cookie. */
const MAX_DATA = 64 * 1024 * 1024;
const CHUNK = 1024 * 1024;

/**
 * The interpreter of a process: by its symbols `_PyRuntime` and `Py_Version`, or from 3.13 on by the cookie that it begins
 * with, which is found in the data of the program and its libraries where their files are not here. Undefined where there
 * is none, or of a version that isn't known.
 */
export async function findPythonRuntime(
  space: AddressSpace,
  modules: LoadedModules,
): Promise<PythonRuntime | undefined> {
  for (const module of await modules.all()) {
    if (!PYTHON.test(module.name)) continue;
    const symbol = await module.symbols.named("_PyRuntime").catch(() => undefined);
    if (symbol === undefined) continue;
    const address = symbol.address + module.bias;
    const told = toldLayout(Buffer.from(await space.readBytes(address, OFFSETS_SIZE)));
    if (told) return { address, layout: told };
    const version = await module.symbols.named("Py_Version").catch(() => undefined);
    const bytes = version && Buffer.from(await module.elf.readAt(version.address, 8));
    const layout =
      bytes?.length === 8 ? fixedLayout(Number(bytes.readBigUInt64LE() & 0xffff_ffffn)) : undefined;
    if (layout) return { address, layout };
  }
  return byCookie(space);
}

async function byCookie(space: AddressSpace): Promise<PythonRuntime | undefined> {
  const cookie = Buffer.from(COOKIE);
  let left = MAX_DATA;
  for (const area of space.areas.filter(isData))
    for (let at = area.start; at < area.end && left > 0; at += BigInt(CHUNK)) {
      const length = Math.min(CHUNK, Number(area.end - at));
      // Pages that were never written to are not in the images: what was is looked through piece by piece.
      for (const { address, bytes } of await space.read(at, length)) {
        if (bytes === undefined) continue;
        left -= bytes.length;
        const content = Buffer.from(bytes);
        for (let found = content.indexOf(cookie); found >= 0; found = content.indexOf(cookie, found + 1)) {
          const place = address + BigInt(found);
          const layout = toldLayout(Buffer.from(await space.readBytes(place, OFFSETS_SIZE)));
          if (layout) return { address: place, layout };
        }
      }
    }
  return undefined;
}

/** Variables of a program or library of Python. */
const isData = ({ permissions, name, kind }: Area): boolean =>
  permissions.startsWith("rw") && kind === "file" && name !== undefined && PYTHON.test(name);

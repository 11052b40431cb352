import type { MessageMap } from "./generated/messages.ts";

/** auxv key of the page size (`AT_PAGESZ`). */
const AT_PAGESZ = 6n;
const PAGE_SIZES = new Set([4096n, 8192n, 16384n, 65536n]);

type Mm = MessageMap["mm_entry"];

/**
 * The page size of a process, in bytes. Images don't record it, but every process got it in its auxiliary vector. Where
 * that is unreadable, all of its mappings begin and end at multiples of it, and with smaller pages some wouldn't.
 */
export function pageSizeOf(mm: Pick<Mm, "mm_saved_auxv">, vmas: Mm["vmas"] = []): number {
  const auxv = mm.mm_saved_auxv;
  for (let index = 0; index + 1 < auxv.length; index += 2) {
    const value = auxv[index + 1];
    if (auxv[index] === AT_PAGESZ && value !== undefined && PAGE_SIZES.has(value)) return Number(value);
  }
  return alignmentOf(vmas);
}

/** Mappings that say something of the page size by how they lie. */
const MIN_VMAS = 4;

/** The largest page size of Linux's machines at which all mappings could lie; 4096 when they are few. */
function alignmentOf(vmas: Mm["vmas"]): number {
  if (vmas.length < MIN_VMAS) return 4096;
  let bits = 0n;
  for (const { start, end } of vmas) bits |= start | end;
  return [65536, 16384].find((size) => bits % BigInt(size) === 0n) ?? 4096;
}

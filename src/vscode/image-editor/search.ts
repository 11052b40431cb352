import { compileQuery, searchBytes } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { ByteQuery, SearchPart } from "../../protocol/index.ts";

const MAX_MATCHES = 4096;
/** How long one request works. The first shows soon what is near the top; later ones lose less time on the way. */
const FIRST_MS = 100;
const PART_MS = 400;

/** Searches on from `start`, until it has something to tell: time is up, or there are many matches. */
export async function searchPart(source: ByteSource, query: ByteQuery, start: number): Promise<SearchPart> {
  const began = performance.now();
  const offsets: number[] = [];
  const lengths: number[] = [];
  let end = source.size;
  for await (const step of searchBytes(source, compileQuery(query), { start, limit: MAX_MATCHES })) {
    for (const { offset, length } of step.matches) {
      offsets.push(offset);
      lengths.push(length);
    }
    end = step.end;
    if (performance.now() - began > (start === 0 ? FIRST_MS : PART_MS)) break;
  }
  return { end, offsets, lengths };
}

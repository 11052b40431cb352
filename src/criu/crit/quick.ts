import type { Image } from "../model.ts";
import { criuSchemas } from "../schema-index.ts";
import { planBook } from "./plan.ts";
import type { MessagePlan } from "./plan.ts";
import { Transcoder } from "./transcoder.ts";

/** Bytes read at once; larger entries are decoded into nodes, one by one. */
const WINDOW = 1 << 20;

/** Whether the entries are size words and messages back to back, in clear. */
export function isPlain({ type, plain, source }: Image): boolean {
  return type?.message !== undefined && type.payload === undefined && plain === source;
}

/**
 * The rows of a plain image (`isPlain`) in order: as text with `separator` between them where the entries are as CRIU
 * writes them, else the index of the entry.
 */
export async function* quickRows(
  image: Image,
  pretty: boolean,
  separator: string,
): AsyncGenerator<string | number> {
  const { type, source, entryCount } = image;
  const plans = planBook(criuSchemas, pretty);
  const head = plans(type?.headMessage ?? type?.message ?? "", 2);
  const others = plans(type?.message ?? "", 2);
  let index = 0;
  while (index < entryCount) {
    const { start } = image.entrySpan(index);
    const window = await source.read(start, WINDOW);
    const sizes = new DataView(window.buffer, window.byteOffset, window.byteLength);
    const transcoder = new Transcoder(window);
    let at = 0;
    while (index < entryCount) {
      const plan = index === 0 ? head : others;
      const most = Math.min(index === 0 ? 1 : JOINED, entryCount - index);
      const rows: string[] = [];
      at = plan ? printRows(transcoder, sizes, plan, at, most, rows) : at;
      index += rows.length;
      if (rows.length > 0) yield rows.join(separator);
      if (rows.length === most) continue;
      // The next doesn't fit into the window, or is not as it should be.
      const end = at + 4 > window.length ? Infinity : at + 4 + sizes.getUint32(at, true);
      if (end > window.length && at > 0) break;
      at = end;
      yield index++;
    }
  }
}

/**
 * Prints entries that lie one after the other from `at` on, at most `most`, into `rows`: up to one that doesn't fit
 * into the bytes or can't be printed. Gives where that one starts.
 */
function printRows(
  transcoder: Transcoder,
  sizes: DataView,
  plan: MessagePlan,
  at: number,
  most: number,
  rows: string[],
): number {
  const { byteLength } = sizes;
  let start = at;
  while (rows.length < most && start + 4 <= byteLength) {
    const end = start + 4 + sizes.getUint32(start, true);
    const row = end > byteLength ? undefined : transcoder.print(plan, start + 4, end);
    if (row === undefined) break;
    rows.push(row);
    start = end;
  }
  return start;
}

/** Rows joined at once: while they are young, so that the collector has nothing to keep. */
const JOINED = 64;

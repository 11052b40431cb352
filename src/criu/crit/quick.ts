import { AsciiText } from "./ascii-text.ts";
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
 * The rows of a plain image (`isPlain`) in order: as text with `separator` before each but the first, where the entries are as CRIU
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
  const comma = Uint8Array.from(Buffer.from(separator, "latin1"));
  const out = new AsciiText();
  let index = 0;
  while (index < entryCount) {
    const { start } = image.entrySpan(index);
    const window = await source.read(start, WINDOW);
    const sizes = new DataView(window.buffer, window.byteOffset, window.byteLength);
    const transcoder = new Transcoder(window);
    let at = 0;
    while (index < entryCount) {
      const plan = index === 0 ? head : others;
      const last = Math.min(index === 0 ? 1 : index + JOINED, entryCount);
      const run = plan && printRun(transcoder, sizes, plan, { at, index, last }, comma, out);
      if (run && run.index > index) {
        ({ at, index } = run);
        yield out.take();
      }
      if (index === last) continue;
      // The next doesn't fit into the window, or is not as it should be.
      const end = at + 4 > window.length ? Infinity : at + 4 + sizes.getUint32(at, true);
      if (end > window.length && at > 0) break;
      at = end;
      yield index++;
    }
  }
}

/** Entries `[index, last)`, the first of which starts at `at` of the window. */
interface Run {
  readonly at: number;
  readonly index: number;
  readonly last: number;
}

/**
 * Prints the entries of a run up to one that doesn't fit into the window or can't be printed. Gives where that one is.
 */
function printRun(
  transcoder: Transcoder,
  sizes: DataView,
  plan: MessagePlan,
  { at: from, index: first, last }: Run,
  comma: Uint8Array,
  out: AsciiText,
): { readonly at: number; readonly index: number } {
  const { byteLength } = sizes;
  let at = from;
  let index = first;
  while (index < last && at + 4 <= byteLength) {
    const end = at + 4 + sizes.getUint32(at, true);
    if (end > byteLength) break;
    const before = out.length;
    if (index > 0) out.copy(comma);
    if (!transcoder.print(plan, at + 4, end, out)) {
      out.length = before;
      break;
    }
    at = end;
    index += 1;
  }
  return { at, index };
}

/** Rows joined at once: while they are young, so that the collector has nothing to keep. */
const JOINED = 256;

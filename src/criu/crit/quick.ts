import { AsciiText } from "./ascii-text.ts";
import type { Image } from "../model.ts";
import { criuSchemas } from "../schema-index.ts";
import { planBook } from "./plan.ts";
import { BATCH, RowPrinter, WINDOW } from "./rows.ts";

/** Whether the entries are size words and messages back to back, in clear. */
export function isPlain({ type, plain, source, bigEndian }: Image): boolean {
  return bigEndian !== true && type?.message !== undefined && type.payload === undefined && plain === source;
}

/**
 * The rows of a plain image (`isPlain`) in order: as ASCII text with `separator` before each but the first, where the
 * entries are as CRIU writes them, else the index of the entry. The memory of a text is used again for the next. `from` is
 * the first entry to print.
 */
export async function* quickRows(
  image: Image,
  pretty: boolean,
  separator: string,
  from = 0,
): AsyncGenerator<Uint8Array | number> {
  const { type, source, entryCount } = image;
  const plans = planBook(criuSchemas, pretty);
  const head = plans(type?.headMessage ?? type?.message ?? "", 2);
  const others = plans(type?.message ?? "", 2);
  const comma = Uint8Array.from(Buffer.from(separator, "latin1"));
  const out = new AsciiText();
  const printer = new RowPrinter(comma, out);
  let index = from;
  while (index < entryCount) {
    const { start } = image.entrySpan(index);
    const window = await source.read(start, WINDOW);
    printer.load(window);
    let at = 0;
    while (index < entryCount) {
      const plan = index === 0 ? head : others;
      const last = index === 0 ? 1 : entryCount;
      const run = plan && printer.print(plan, { at, index, last });
      if (run && run.index > index) {
        ({ at, index } = run);
        if (out.length < BATCH && index === last) continue;
        yield out.take();
        continue;
      }
      if (out.length > 0) yield out.take();
      // The next doesn't fit into the window, or is not as it should be.
      const end = at + 4 > window.length ? Infinity : at + 4 + printer.sizeAt(at);
      if (end > window.length && at > 0) break;
      at = end;
      yield index++;
    }
  }
  if (out.length > 0) yield out.take();
}

import type { ByteSource } from "../../bytes/index.ts";
import { readHeader } from "../header.ts";
import { criuSchemas } from "../schema-index.ts";
import { AsciiText } from "./ascii-text.ts";
import { critHead, critTail } from "./frame.ts";
import { lineBreak } from "./json.ts";
import { planBook } from "./plan.ts";
import { RowPrinter, WINDOW } from "./rows.ts";

/**
 * `critPieces` of an image that isn't sealed, in one pass over its bytes: where the entries lie is not looked for before.
 * Returns "done", or the number of entries printed, when the image is to be opened and the rest printed by `critPieces`:
 * one with payloads (then 0, and nothing was given), or one that is not as CRIU writes it, which may be found out late.
 */
export async function* critDirect(
  name: string,
  source: ByteSource,
  pretty: boolean,
): AsyncGenerator<string | Uint8Array, number | "done"> {
  const header = await readHeader(name, source);
  const { type, body, problems } = header;
  const isPlain = type?.message !== undefined && type.payload === undefined && body === "entries";
  if (!isPlain || header.bigEndian === true || problems.length > 0 || source.size === header.end) return 0;

  const plans = planBook(criuSchemas, pretty);
  const plan = plans(type.message ?? "", 2);
  const headPlan = type.headMessage === undefined ? plan : plans(type.headMessage, 2);
  if (!plan || !headPlan) return 0;
  const comma = Uint8Array.from(Buffer.from(lineBreak(pretty, 2, true), "latin1"));
  const out = new AsciiText();
  const printer = new RowPrinter(comma, out);
  out.add(critHead(type, pretty) + lineBreak(pretty, 2, false));
  let index = 0;
  let offset = header.end;
  let begun = false;
  while (offset < source.size) {
    const window = await source.read(offset, WINDOW);
    printer.load(window);
    let at = 0;
    for (;;) {
      const last = index === 0 ? 1 : Infinity;
      const run = printer.print(index === 0 ? headPlan : plan, { at, index, last });
      if (run.index === index) break;
      ({ at, index } = run);
      if (last === 1) continue;
      if (offset + at === source.size) break;
      if (!printer.isFull) break;
      begun = true;
      yield out.take();
    }
    offset += at;
    if (at > 0) continue;
    // Of text that isn't enough to be handed on, nothing was: better all by one way.
    if (!begun) return 0;
    yield out.take();
    return index;
  }
  out.add(lineBreak(pretty, 1, false) + critTail(pretty));
  yield out.take();
  return "done";
}

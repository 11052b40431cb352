import type { ByteSource } from "../../bytes/index.ts";
import { openImage } from "../framing.ts";
import { readHeader } from "../header.ts";
import { criuSchemas } from "../schema-index.ts";
import { AsciiText } from "./ascii-text.ts";
import { critPieces } from "./image.ts";
import type { CritOptions } from "./image.ts";
import { critHead, critTail } from "./frame.ts";
import { lineBreak } from "./json.ts";
import { planBook } from "./plan.ts";
import { RowPrinter, WINDOW } from "./rows.ts";

/**
 * `critPieces` of an image that isn't sealed, in one pass over its bytes: where the entries lie is not looked for before.
 * Returns false, and has given nothing, for an image that is to be opened first: one with payloads, or not as CRIU writes
 * it. One that is found out late is opened then; its problems go to `report`.
 */
export async function* critDirect(
  name: string,
  source: ByteSource,
  options: CritOptions = {},
): AsyncGenerator<string | Uint8Array, boolean> {
  const { pretty = false, report } = options;
  const header = await readHeader(name, source);
  const { type, body, problems } = header;
  const isPlain = type?.message !== undefined && type.payload === undefined && body === "entries";
  if (!isPlain || problems.length > 0 || source.size === header.end) return false;

  const plans = planBook(criuSchemas, pretty);
  const plan = plans(type.message ?? "", 2);
  const headPlan = type.headMessage === undefined ? plan : plans(type.headMessage, 2);
  if (!plan || !headPlan) return false;
  const comma = Uint8Array.from(Buffer.from(lineBreak(pretty, 2, true), "latin1"));
  const out = new AsciiText();
  out.add(critHead(type, pretty) + lineBreak(pretty, 2, false));
  let index = 0;
  let offset = header.end;
  let begun = false;
  while (offset < source.size) {
    const window = await source.read(offset, WINDOW);
    const printer = new RowPrinter(window, comma, out);
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
    if (!begun) return false;
    yield out.take();
    const image = await openImage(name, source);
    if (report) image.problems.forEach(report);
    yield* critPieces(image, { ...options, from: index });
    return true;
  }
  out.add(lineBreak(pretty, 1, false) + critTail(pretty));
  yield out.take();
  return true;
}

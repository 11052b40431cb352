// From the bytes of a message straight to the text of its JSON, without a node for each field. Only messages as CRIU
// writes them go this way: whatever is unusual is refused, and then printed by `critMessage`, which knows all cases and
// says what crit's JSON is. The tests hold both against each other.
//
// Text is joined from few, long strings: the engine does that in native code, while a loop over bytes would be slow for
// as long as most images take altogether.
import { readNumber } from "../wire-values.ts";
import { WireReader } from "../wire-reader.ts";
import { ipAddress } from "./address.ts";
import type { AsciiText } from "./ascii-text.ts";
import { quote } from "./json.ts";
import { TAIL_SLOTS } from "./plan.ts";
import type { FieldPlan, MessagePlan } from "./plan.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Bytes behind an entry's first field that are compared with those of the entry before. */
const MAX_TAIL = 32;

/** Which of a plan's tails the bytes up to `end` may be. */
function slotOf(bytes: Uint8Array, end: number): number {
  return ((bytes[end - 1] ?? 0) + (bytes[end - 2] ?? 0) * 8) & (TAIL_SLOTS - 1);
}

function isSame(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== other[at - start]) return false;
  return true;
}

/** High halves up to this are of numbers below 2^53. */
const MAX_SAFE_HIGH = 0x1fffff;

/** Prints messages that lie in one run of bytes. */
export class Transcoder {
  readonly reader: WireReader;
  private readonly buffer: Buffer;

  constructor(bytes: Uint8Array) {
    this.reader = new WireReader(bytes);
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Prints the message in the bytes `[start, end)` behind what `out` has. False, and nothing added, when it is to go the
   * general way.
   */
  print(plan: MessagePlan, start: number, end: number, out: AsciiText): boolean {
    const { reader } = this;
    const before = out.length;
    // Entries that follow one another are often the same but for their first field: runs of pages, above all.
    const first = plan.firsts[reader.bytes[start] ?? 0];
    if (first !== undefined && start < end) {
      reader.position = start + 1;
      out.copy(first.open);
      if (this.addNumber(first, end, out) && end - reader.position <= MAX_TAIL) {
        const rest = this.tail(plan, first, reader.position, end);
        if (rest !== undefined) {
          out.copy(rest);
          return true;
        }
      }
      out.length = before;
    }
    reader.position = start;
    const text = this.fields(plan, end, 0, "{");
    if (text !== undefined) out.add(text);
    return text !== undefined;
  }

  /** The fields in `[from, to)` as they stand between others; `last` is the number of the field before. */
  between(plan: MessagePlan, from: number, to: number, last: number): string | undefined {
    this.reader.position = from;
    const text = this.fields(plan, to, last, "");
    if (text === "{}") return "";
    // Without the end of the message.
    return text?.slice(0, text.length - plan.close.length - 1);
  }

  /** Adds one number. False, and nothing added, where `number` gives undefined. */
  private addNumber(field: FieldPlan, end: number, out: AsciiText): boolean {
    const { reader } = this;
    if (field.digits !== undefined && field.type === "uint64" && reader.varint(end)) {
      const { low, high } = reader;
      if (field.digits === "hex") out.quotedHex(low, high);
      else if (high <= MAX_SAFE_HIGH) out.decimal(high * 0x100000000 + low);
      else out.add(String(reader.unsigned));
      return true;
    }
    const text = this.number(field, end);
    if (text !== undefined) out.add(text);
    return text !== undefined;
  }

  /** What follows the first field, as it was printed before when the bytes are the same. */
  private tail(plan: MessagePlan, first: FieldPlan, start: number, end: number): Uint8Array | undefined {
    const { bytes } = this.reader;
    const slot = slotOf(bytes, end);
    const tail = plan.tails[slot];
    if (tail?.first === first && isSame(bytes, start, end, tail.bytes)) return tail.text;
    const text = this.fields(plan, end, first.number, "");
    if (text === undefined) return undefined;
    const printed = Uint8Array.from(Buffer.from(text, "latin1"));
    plan.tails[slot] = { first, bytes: bytes.slice(start, end), text: printed };
    return printed;
  }

  /** Prints fields up to `end`, and the closing brace. `last` is the number of the field before, 0 for none. */
  private fields(plan: MessagePlan, end: number, last: number, before: string): string | undefined {
    const { reader } = this;
    const { bytes } = reader;
    const { fields } = plan;
    let text = before;
    let number = last;
    /** The field printed last, when it is a list that may go on. */
    let list: FieldPlan | undefined;
    while (reader.position < end) {
      const at = reader.position;
      // A byte of tag and one of value: most fields are such, and have been printed before.
      const tag = bytes[at] ?? 0;
      if (tag < 0x80 && (tag & 7) === 0 && number !== 0 && number < tag >>> 3 && at + 2 <= end) {
        const known = fields[tag >>> 3]?.small[bytes[at + 1] ?? 0];
        if (known !== undefined) {
          text += list === undefined ? known : list.close + known;
          list = undefined;
          number = tag >>> 3;
          reader.position = at + 2;
          continue;
        }
      }
      if (!reader.varint(end) || reader.high !== 0) return undefined;
      const wireType = reader.low & 7;
      const found = reader.low >>> 3;
      const field = found < fields.length ? fields[found] : undefined;
      if (field === undefined) {
        // crit leaves out what it doesn't know.
        if (found === 0 || plan.isStrict || !this.skip(wireType, end)) return undefined;
        continue;
      }
      if (found === number && list !== undefined) text += field.separator;
      else {
        // crit prints fields in the order of their numbers, and only the last of several.
        if (found <= number) return undefined;
        if (list !== undefined) text += list.close;
        text += number === 0 ? field.first : field.next;
        list = field.repeated ? field : undefined;
        number = found;
      }
      const value = this.value(field, wireType, end);
      if (value === undefined) return undefined;
      text += value;
      if (wireType === 0 && list === undefined && reader.position === at + 2)
        field.small[bytes[at + 1] ?? 0] = field.next + value;
    }
    if (reader.position !== end) return undefined;
    if (list !== undefined) text += list.close;
    return number === 0 ? "{}" : `${text}${plan.close}}`;
  }

  /** What stands behind a tag: one value, or the elements of a packed field. */
  private value(field: FieldPlan, wireType: number, end: number): string | undefined {
    if (field.form === "address") return this.address(field, wireType, end);
    if (wireType !== field.wireType) return this.packed(field, wireType, end);
    if (wireType !== 2) return this.number(field, end);
    const { reader } = this;
    const stop = this.delimited(end);
    if (stop < 0) return undefined;
    if (field.form === "message") {
      const plan = field.inner();
      return plan && this.fields(plan, stop, 0, "{");
    }
    const start = reader.position;
    reader.position = stop;
    if (field.form === "text") return this.text(start, stop);
    return field.form === "bytes" ? field.print(reader.bytes.subarray(start, stop)) : undefined;
  }

  /** Reads a length word; where what it counts ends, or -1. */
  private delimited(end: number): number {
    const { reader } = this;
    if (!reader.varint(end) || reader.high !== 0 || reader.low > end - reader.position) return -1;
    return reader.position + reader.low;
  }

  private skip(wireType: number, end: number): boolean {
    const { reader } = this;
    if (wireType === 0) return reader.varint(end);
    let stop = -1;
    if (wireType === 1) stop = reader.position + 8;
    else if (wireType === 2) stop = this.delimited(end);
    else if (wireType === 5) stop = reader.position + 4;
    if (stop < 0 || stop > end) return false;
    reader.position = stop;
    return true;
  }

  private text(start: number, stop: number): string | undefined {
    const ascii = this.buffer.toString("latin1", start, stop);
    if (PLAIN.test(ascii)) return `"${ascii}"`;
    const value = utf8.decode(this.reader.bytes.subarray(start, stop));
    // Either it is no UTF-8, which the general path says, or it is a rare character.
    return value.includes("\ufffd") ? undefined : quote(value);
  }

  /** Several numbers behind one tag; where there is none, the general path has to do. */
  private packed(field: FieldPlan, wireType: number, end: number): string | undefined {
    if (wireType !== 2 || !field.repeated) return undefined;
    const { reader } = this;
    const stop = this.delimited(end);
    if (stop <= reader.position) return undefined;
    let text = this.number(field, stop);
    while (text !== undefined && reader.position < stop) {
      const next = this.number(field, stop);
      text = next === undefined ? undefined : text + field.separator + next;
    }
    return text;
  }

  /** All words of an address, unpacked; the tag of the first was read. */
  private address(field: FieldPlan, wireType: number, end: number): string | undefined {
    if (wireType !== 0) return undefined;
    const { reader } = this;
    const words: number[] = [];
    for (;;) {
      if (!reader.varint(end)) return undefined;
      words.push(reader.low);
      const at = reader.position;
      if (at < end && reader.varint(end) && reader.high === 0 && reader.low === field.number << 3) continue;
      reader.position = at;
      const address = ipAddress(words);
      return address === undefined ? undefined : quote(address);
    }
  }

  /** One number of wire type 0, 1 or 5. */
  private number(field: FieldPlan, end: number): string | undefined {
    const { reader } = this;
    if (field.form === "decimal" && field.type === "uint64" && field.wireType === 0) {
      // Without a bigint for each.
      if (!reader.varint(end)) return undefined;
      const { low, high } = reader;
      return String(high <= MAX_SAFE_HIGH ? high * 0x100000000 + low : reader.unsigned);
    }
    const value = readNumber(reader, field.wireType, end, field.type);
    if (value === undefined || field.form === "general") return undefined;
    return field.form === "decimal" || field.form === "bool" ? String(value) : field.print(value);
  }
}

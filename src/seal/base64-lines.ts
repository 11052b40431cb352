import { readExactly } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { sealErrors } from "./errors.ts";

/** The longest line that the length of lines is looked for in. */
const LONGEST = 4096;
const STRICT = 64;

/**
 * The bytes that base64 text `[start, end)` stands for, readable anywhere: its lines are all of one length, but for the
 * last, as every program that wraps base64 writes them. `strict`: of 64 characters, and in the one canonical form, as age wants
 * it. Throws `seal.damaged`, also when reading.
 */
export async function base64Lines(
  source: ByteSource,
  start: number,
  end: number,
  file: string,
  { strict = false }: { readonly strict?: boolean } = {},
): Promise<ByteSource> {
  const damaged = (offset: number) => sealErrors.damaged({ file, offset }, "its base64 text is not whole");
  const head = Buffer.from(await source.read(start, Math.min(LONGEST, end - start))).toString("latin1");
  const [, firstLine = "", lineEnd = ""] = /^([A-Za-z0-9+/=]+)(\r?\n)?/.exec(head) ?? [];
  // Without line breaks it is one long line.
  const columns = lineEnd === "" ? Math.max(4, end - start) : firstLine.length;
  const isLast = lineEnd !== "" && start + firstLine.length + lineEnd.length >= end;
  if (firstLine === "" || (lineEnd !== "" && !isLast && columns % 4 !== 0)) throw damaged(start);
  if (strict && (isLast || (lineEnd === "" ? columns > STRICT : columns !== STRICT))) throw damaged(start);
  const stride = columns + lineEnd.length;
  const fullLines = Math.floor((end - start) / stride);
  const lastLine = end - start - fullLines * stride;
  const textLength = fullLines * columns + Math.min(lastLine, columns);
  if (textLength % 4 !== 0) throw damaged(end);
  const tail = Buffer.from(await source.read(end - 2 - lineEnd.length, 2 + lineEnd.length)).toString(
    "latin1",
  );
  const padding = /(=*)\s*$/.exec(tail)?.[1]?.length ?? 0;
  const size = (textLength / 4) * 3 - padding;
  // Bits of the last character that stand for nothing must be 0, and no empty line may follow.
  const lastGroup = Buffer.from(await source.read(end - 4, 4)).toString("latin1");
  if (strict && Buffer.from(lastGroup, "base64").toString("base64") !== lastGroup) throw damaged(end - 4);

  return {
    size,
    async read(offset, length) {
      const to = Math.min(offset + length, size);
      if (to <= offset) return new Uint8Array(0);
      const firstGroup = Math.floor(offset / 3);
      const groups = Math.ceil(to / 3) - firstGroup;
      const textAt = (position: number): number =>
        start + Math.floor(position / columns) * stride + (position % columns);
      const from = textAt(firstGroup * 4);
      const until = textAt((firstGroup + groups) * 4 - 1) + 1;
      const raw = Buffer.from(await readExactly(source, from, until - from, { file })).toString("latin1");
      const text = raw.replaceAll(/\r?\n/g, "");
      const isEnd = (firstGroup + groups) * 4 === textLength;
      const whole = isEnd ? /^[A-Za-z0-9+/]*={0,2}$/ : /^[A-Za-z0-9+/]*$/;
      if (text.length !== groups * 4 || !whole.test(text)) throw damaged(from);
      const skip = offset - firstGroup * 3;
      return Buffer.from(text, "base64").subarray(skip, skip + to - offset);
    },
  };
}

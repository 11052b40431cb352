import type { ByteRange, ImageBytes } from "../../src/protocol/index.ts";
import { PAGE_SIZE } from "./hex-pages.ts";
import { sizeWords } from "./words.ts";

const COPY_LIMIT = 256 * 1024;

/** Bytes as hex pairs for the clipboard, at most 256 KiB of them, and what to tell the person. */
export async function bytesText(
  { start, end }: ByteRange,
  load: (offset: number, length: number) => Promise<ImageBytes>,
): Promise<{ readonly text: string; readonly words: string }> {
  const last = Math.min(end, start + COPY_LIMIT);
  const parts: string[] = [];
  for (let offset = start; offset < last; offset += PAGE_SIZE) {
    const { bytes } = await load(offset, Math.min(PAGE_SIZE, last - offset));
    parts.push(...Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")));
  }
  const cut = last < end ? "; the selection is longer than can be copied" : "";
  return { text: parts.join(" "), words: `Copied ${sizeWords(last - start)} as hex${cut}.` };
}

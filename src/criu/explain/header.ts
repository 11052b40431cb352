import { COMMON_MAGIC, INVENTORY_MAGIC, SERVICE_MAGIC } from "../image-lookup.ts";
import type { Image, ImageType, LabelledSpan } from "../model.ts";
import type { ExplanationStep, Words } from "./model.ts";
import { wordAt } from "./numbers.ts";
import { hexBytes, step, words } from "./words.ts";

/** The words an image begins with, or why it has none. */
export async function headerSteps(image: Image): Promise<ExplanationStep[]> {
  if (image.header.length === 0) return [noHeader(image)];
  return Promise.all(image.header.map((span, index) => magicStep(image, span, index)));
}

async function magicStep(
  image: Image,
  { start, end }: LabelledSpan,
  index: number,
): Promise<ExplanationStep> {
  const bytes = await image.source.read(start, end - start);
  const { value, table, order } = wordAt(bytes, start, image);
  const magic = Number(value);
  const hex = `0x${magic.toString(16).padStart(8, "0")}`;
  const { title, meaning } = magicMeaning(image, magic, index);
  return step("magic", {
    title,
    short: hex,
    span: { start, end },
    text: [
      words`The file has the bytes ${hexBytes(bytes)}. Read as one 32-bit number, ${order}, that is ${hex}.`,
      meaning,
    ],
    tables: [table],
  });
}

function magicMeaning(image: Image, magic: number, index: number): { title: string; meaning: Words } {
  if (index === 0 && magic === COMMON_MAGIC)
    return {
      title: "Common magic",
      meaning: words`Every image since version 1.1 of the format begins with this number, so that an image can be told from any other file. The next four bytes say which kind it is.`,
    };
  if (index === 0 && magic === SERVICE_MAGIC)
    return {
      title: "Service magic",
      meaning: words`Files that CRIU keeps for itself (statistics, the inode cache) begin with this number instead of the common magic. The next four bytes say which kind it is.`,
    };
  const { type } = image;
  if (!type)
    return { title: "Type magic", meaning: words`No kind of image that is known here has this number.` };
  const alone = image.header.length === 1 ? ` ${aloneBecause(type, magic)}` : "";
  return {
    title: "Type magic",
    meaning: words`This number stands for ${type.name} (files ${type.pattern}): ${[lowerFirst(type.doc), alone]}`,
  };
}

/** Why a magic has no common magic before it. */
function aloneBecause(type: ImageType, magic: number): string {
  if (magic === INVENTORY_MAGIC)
    return "The inventory has its own magic alone: it is read first and says which version of the format the others have.";
  if (type.magic === 0) return "It is not CRIU's: the tool that wrote the dump put it there.";
  return "It stands alone: version 1 of the format had no common magic.";
}

function noHeader(image: Image): ExplanationStep {
  const { type, source } = image;
  const span = { start: 0, end: Math.min(source.size, 4) };
  if (type?.magic === 0)
    return step("raw", {
      title: "No magic",
      short: type.name,
      span: { start: 0, end: 0 },
      text: [
        words`A raw image has no header: its first byte is content already. That it is ${type.name} is known from its name, ${image.name}, alone.`,
        [type.doc],
      ],
    });
  return step("unknown", {
    title: "No magic",
    short: "no image",
    span,
    text: [
      source.size < 4
        ? words`The file has ${source.size} bytes, too few for a magic.`
        : words`The first four bytes are the magic of no kind of image.`,
    ],
  });
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

import type { Image, Span } from "../model.ts";
import { entrySteps, holds, partSteps } from "./entry.ts";
import { headerSteps } from "./header.ts";
import type { ExplainContext, Explanation, ExplanationStep } from "./model.ts";
import { count, step, words } from "./words.ts";

/**
 * The steps that lead from the first byte of the image to the bytes `range`, the last of them about these bytes. A
 * range outside of the image is cut to it; an empty one stands for the byte at its start. Throws only what reading
 * the image throws.
 */
export async function explain(context: ExplainContext, range: Span): Promise<Explanation> {
  const { size } = context.image.source;
  if (size === 0) return { span: { start: 0, end: 0 }, steps: [emptyStep()] };
  const start = Math.min(Math.max(0, range.start), size - 1);
  const span = { start, end: Math.min(size, Math.max(start + 1, range.end)) };
  const steps = await stepsTo(context, span);
  const shown = select(steps, span);
  const own = steps.at(-1)?.span ?? span;
  // A message is walked through piece by piece, so what is beside the asked bytes comes next, not what is beside it.
  const whole = steps.at(-1)?.kind === "message" ? span : own;
  const [from, to] = [Math.min(span.start, whole.start), Math.max(span.end, whole.end)];
  const previous = from > 0 ? await pieceAt(context, from - 1) : undefined;
  const next = to < size ? await pieceAt(context, to) : undefined;
  return { span, steps: shown, ...(previous && { previous }), ...(next && { next }) };
}

/** The finest piece of the image that a step can be about, at `offset`. */
async function pieceAt(context: ExplainContext, offset: number): Promise<Span> {
  const steps = await stepsTo(context, { start: offset, end: offset + 1 });
  return steps.at(-1)?.span ?? { start: offset, end: offset + 1 };
}

async function stepsTo(context: ExplainContext, range: Span): Promise<ExplanationStep[]> {
  const { image } = context;
  const header = await headerSteps(image);
  const headerEnd = image.header.at(-1)?.end ?? 0;
  if (range.end <= headerEnd) return header.filter(({ span }) => span.start < range.end);
  const index = image.entryAt(range.start);
  if (index === undefined) return [...header, ...(await restSteps(image, range))];
  const span = image.entrySpan(index);
  if (!holds(span, range)) return [...header, severalStep(range)];
  const entry = await (context.entry ?? image.entry)(index);
  return [...header, ...(await entrySteps(image, entry, range))];
}

async function restSteps(image: Image, range: Span): Promise<ExplanationStep[]> {
  return partSteps(image, image.rest, image.restFraming, range, { image });
}

/** Marks the steps about `range`: those that touch it, of which there is always one. */
function select(steps: readonly ExplanationStep[], range: Span): ExplanationStep[] {
  const last = steps.length - 1;
  const isAbout = ({ kind, span }: ExplanationStep): boolean =>
    kind !== "skip" && span.start >= range.start && span.end <= range.end && span.end > span.start;
  return steps.map((each, index) => ({ ...each, selected: index === last || isAbout(each) }));
}

function emptyStep(): ExplanationStep {
  return step("unknown", {
    title: "An empty file",
    short: count(0, "byte"),
    span: { start: 0, end: 0 },
    text: [words`The file has no bytes, so it has no magic either.`],
  });
}

function severalStep({ start, end }: Span): ExplanationStep {
  return step("message", {
    title: "Several entries",
    short: count(end - start, "byte"),
    span: { start, end },
    text: [
      words`The bytes belong to more than one entry, or to an entry and what is beside it. Fewer of them can be explained.`,
    ],
  });
}

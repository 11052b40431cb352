import assert from "node:assert/strict";
import { join } from "node:path";
import { toPlain } from "../../../src/criu/index.ts";
import type { Image, OpenImageOptions } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { allProblems, readImage, tiledSpans } from "./corpus.ts";

/** An entry as an object of its fields. */
export type Plain = Record<string, unknown>;

/** An image of a fixture. */
export async function open(fixtureName: string, path: string, options?: OpenImageOptions): Promise<Image> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return readImage({ name, path: join(await fixture(fixtureName), path) }, options);
}

/** The entries of an image that is sound from end to end. */
export async function entriesOf(image: Image): Promise<Plain[]> {
  const spans = await tiledSpans(image);
  assert.ok(!spans.some(({ kind }) => kind === "unknown"), image.name);
  assert.deepEqual(await allProblems(image), [], image.name);
  const entries: Plain[] = [];
  // toPlain gives objects of the schema's fields.
  for await (const { message } of image.entries()) entries.push(toPlain(message) as Plain);
  return entries;
}

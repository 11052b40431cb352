// Images of the real checkpoints in test/fixtures, and checks that hold for every image there is.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { imageSpans, looksLikeImage, openImage } from "../../../src/criu/index.ts";
import type { Image, LabelledSpan, OpenImageOptions, Problem } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";

export interface CorpusImage {
  readonly name: string;
  readonly path: string;
  /** Where crit's JSON of it is, if crit can decode it. */
  readonly critPath: string | undefined;
}

/** The images in `images` of a fixture, with crit's output out of `crit`. */
export async function corpusImages(name: string, images = "img", crit = "crit"): Promise<CorpusImage[]> {
  const root = await fixture(name);
  const names = (await readdir(join(root, images))).filter(looksLikeImage).toSorted();
  return names.map((file) => {
    const critPath = join(root, crit, `${file}.json`);
    return {
      name: file,
      path: join(root, images, file),
      critPath: existsSync(critPath) ? critPath : undefined,
    };
  });
}

export async function readImage(
  { name, path }: Pick<CorpusImage, "name" | "path">,
  options?: OpenImageOptions,
): Promise<Image> {
  return openImage(name, bufferSource(await readFile(path)), options);
}

/** crit's entries, with integers as text where a number would round them. */
export async function critEntries(path: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(path, "utf8");
  return (JSON.parse(text) as { entries: readonly Record<string, unknown>[] }).entries;
}

/** All spans of the image; fails unless they tile it from 0 to its size. */
export async function tiledSpans(image: Image): Promise<LabelledSpan[]> {
  const spans: LabelledSpan[] = [];
  let position = 0;
  for await (const span of imageSpans(image)) {
    // An assertion each would take most of the time of the tests on large images.
    if (span.start !== position || span.end <= span.start)
      assert.fail(`${image.name}: gap, overlap or nothing at ${position}: ${JSON.stringify(span)}`);
    position = span.end;
    spans.push(span);
  }
  assert.equal(position, image.source.size, `${image.name}: spans end early`);
  return spans;
}

/** The problems of the image and of all its entries. */
export async function allProblems(image: Image): Promise<Problem[]> {
  const problems = [...image.problems];
  for await (const entry of image.entries()) problems.push(...entry.problems);
  return problems;
}

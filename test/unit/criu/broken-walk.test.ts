// What is asked of a broken image beyond decoding it: to be explained, edited, and searched for references.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import {
  editImage,
  explain,
  findPages,
  findReferences,
  imageSpans,
  openImage,
  referenceOfMessage,
} from "../../../src/criu/index.ts";
import type { Edit, Image, ImageSet } from "../../../src/criu/index.ts";
import { mutate } from "../../fuzz/mutations.ts";
import { randomOf } from "../../fuzz/random.ts";
import { corpusImages } from "./corpus.ts";

const SEED = 7;
const TIMES = 6;

/** Errors of the project are an answer. */
async function answered<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined;
    throw error;
  }
}

async function walk(image: Image, random: ReturnType<typeof randomOf>): Promise<void> {
  const { size } = image.source;
  for (let times = 0; times < 4; times++) {
    const start = random.below(size + 1);
    const { steps, next } = await explain({ image }, { start, end: start + 1 + random.below(9) });
    assert.ok(steps.length > 0);
    if (next) assert.ok(next.start > start || next.end <= size);
  }
  const images: ImageSet = { names: [image.name], use: (_, work) => work(image) };
  const count = image.entryCount;
  for (let times = 0; times < Math.min(2, count); times++) {
    const index = random.below(count);
    const { message } = await image.entry(index);
    const reference = referenceOfMessage(message);
    if (reference) for await (const { path } of findReferences(reference, images)) assert.ok(path.length > 0);
    await answered(findPages(image, `entries[${index}]`, images));
    const field = message.fields[random.below(message.fields.length + 1)];
    const edits: Edit[] = [
      { kind: "remove", path: `entries[${index}]${field ? `.${field.name}` : ""}` },
      { kind: "set", path: `entries[${index}].${field?.name ?? "x"}`, value: 1n },
    ];
    for (const edit of edits) {
      const edited = await answered(editImage(image, [edit]));
      if (!edited) continue;
      let position = 0;
      for await (const { start, end } of imageSpans(edited.image)) {
        assert.equal(start, position);
        position = end;
      }
      assert.equal(position, edited.source.size);
    }
  }
}

describe("a broken image", () => {
  it("is explained, edited and searched without a failure, or with an error that says why", async () => {
    let number = 0;
    for (const name of ["corpus/c-unix", "corpus/c-sysv", "corpus/c-ghost", "corpus/c-pipes"])
      for (const { name: file, path } of await corpusImages(name)) {
        const bytes = (await readFile(path)).subarray(0, 20_000);
        for (let times = 0; times < TIMES; times++) {
          const random = randomOf(SEED, number++);
          const changed = mutate({ bytes, marks: [0, 4, 8] }, bytes, random);
          const image = await openImage(file, bufferSource(changed.bytes));
          await walk(image, random).catch((error: unknown) => {
            throw new Error(`${name} ${file}, mutation ${number - 1}: ${changed.done.join(", ")}`, {
              cause: error,
            });
          });
        }
      }
    assert.ok(number > 300, `${number} mutations`);
  }).timeout(120_000);
});

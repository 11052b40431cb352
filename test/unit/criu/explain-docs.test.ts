import assert from "node:assert/strict";
import { criuSchema } from "../../../src/criu/index.ts";

/** Fields of one kind may say the same about two or three messages (registers), not more. */
const SHARED = 3;

describe("the documentation of the schema", () => {
  const messages = Object.values(criuSchema.messages);
  const fields = messages.flatMap(({ name, fields }) =>
    fields.map((field) => ({ path: `${name}.${field.name}`, ...field })),
  );

  it("says of every message and field what it is, in a sentence", () => {
    const bare = [...messages.map(({ name, doc }) => ({ path: name, doc })), ...fields].filter(
      ({ doc }) => !/^\S.*[.…]$/.test(doc) || doc.split(" ").length < 2,
    );
    assert.deepEqual(
      bare.map(({ path, doc }) => `${path}: ${doc}`),
      [],
    );
    const short = fields.filter(({ doc }) => doc.split(" ").length < 3);
    assert.deepEqual(
      short.map(({ path, doc }) => `${path}: ${doc}`),
      [],
    );
  });

  it("is written for each field, not copied from one to the others", () => {
    const paths = new Map<string, string[]>();
    for (const { path, doc } of fields) paths.set(doc, [...(paths.get(doc) ?? []), path]);
    const copied = [...paths].filter(([, users]) => users.length > SHARED);
    assert.deepEqual(copied, []);
  });

  it("never only repeats the name of the field", () => {
    const words = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
    const echoes = fields.filter(({ name, doc }) => words(doc) === words(name));
    assert.deepEqual(
      echoes.map(({ path }) => path),
      [],
    );
  });

  it("names the unit of times and sizes", () => {
    const units = /second|byte|size|page|time|capacity|length|limit|memory|buffer|segment|interval|window/i;
    const silent = fields.filter(
      ({ show, doc }) => /^(bytes|pages|sec|msec|usec|nsec)$/.test(show ?? "") && !units.test(doc),
    );
    assert.deepEqual(
      silent.map(({ path, doc }) => `${path}: ${doc}`),
      [],
    );
  });

  it("says of every field, or of the message it is in, where it comes from or what a restore does with it", () => {
    // A manual page, a file of the kernel, CRIU itself, or that it is made anew.
    const known = /\(\d\)|\/proc\b|\/sys\b|\brestore|CRIU|\bcriu |\bagain\b|given back/i;
    // Parts of netlink messages: the message they are in says it.
    const parts = /^nl_(?!route$|ifaddr$|rule$|conntrack$|expect$|other$)/;
    const silent = messages
      .filter(({ name, doc }) => !parts.test(name) && !known.test(doc))
      .flatMap(({ name, doc, fields: inner }) =>
        inner.filter((field) => !known.test(field.doc)).map((field) => `${name}.${field.name}: ${doc}`),
      );
    assert.deepEqual(silent, []);
  });
});

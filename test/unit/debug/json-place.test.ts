import assert from "node:assert/strict";
import { jsonPlace } from "../../../src/debug/index.ts";

/** The place of the bar, which is not part of the text. */
function at(marked: string): { readonly text: string; readonly place: ReturnType<typeof jsonPlace> } {
  const offset = marked.indexOf("|");
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  return { text, place: jsonPlace(text, offset) };
}

function seen(marked: string): readonly [string, string, Readonly<Record<string, unknown>>] | undefined {
  const { text, place } = at(marked);
  return place && [place.property, text.slice(place.start, place.end), Object.fromEntries(place.siblings)];
}

describe("the place of a position in launch.json", () => {
  it("is the value of a property, with what else its object says", () => {
    assert.deepEqual(
      seen(`{"configurations": [{"type": "cryoscope", "snapshot": "be|fore", "pid": 7}, {"type": "node"}]}`),
      ["snapshot", '"before"', { type: "cryoscope", snapshot: "before", pid: 7 }],
    );
    assert.deepEqual(seen(`[{"type": "node"}, {"copy": true, "pid": 1|2}]`), [
      ...["pid", "12"],
      { copy: true, pid: 12 },
    ]);
  });

  it("is found where nothing is written yet, or no end of it", () => {
    assert.deepEqual(seen(`{"type": "cryoscope", "snapshot": |}`), ["snapshot", "", { type: "cryoscope" }]);
    assert.deepEqual(seen(`{"snapshot": |\n  "type": "a"`)?.[0], "snapshot");
    assert.deepEqual(seen(`{"snapshot": "b|\n  , "type": "a"}`), ["snapshot", '"b', { type: "a" }]);
    assert.deepEqual(seen(`{"snapshot": "|"`), ["snapshot", '""', { snapshot: "" }]);
  });

  it("is passed by comments, nested objects and escaped quotes", () => {
    assert.deepEqual(
      seen(`{ // "type": "no"\n "name": "a \\" b", "pathMappings": {"/x": "y"}, /* { */ "pid": |\n}`),
      ["pid", "", { name: 'a " b' }],
    );
    assert.deepEqual(seen(`{"pathMappings": {"/app": "|"}, "type": "cryoscope"}`)?.[0], "/app");
  });

  it("is none in a name, a list, a comment or outside", () => {
    for (const text of [`{"na|me": 1}`, `{"a": ["|"]}`, `{} |`, `|`, `{"a": 1|`.replace("1|", "[|1]")])
      assert.equal(at(text).place, undefined, text);
  });
});

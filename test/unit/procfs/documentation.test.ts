import assert from "node:assert/strict";
import { DIFFERENCES, NEVER } from "../../../src/procfs/index.ts";
import { documentation } from "./support.ts";

/** The cells of the rows of a table, from the first line that holds all of `columns` to the next empty line. */
function rowsUnder(text: string, ...columns: readonly string[]): readonly (readonly string[])[] {
  const lines = text.split("\n").map((line) => cells(line));
  const head = lines.findIndex((line) => columns.every((column, index) => line[index] === column));
  assert.ok(head >= 0, `there is no table of ${columns.join(", ")}`);
  const end = lines.findIndex((line, index) => index > head && line.length === 0);
  return lines.slice(head + 2, end < 0 ? undefined : end);
}

const cells = (line: string): readonly string[] =>
  line.startsWith("|")
    ? line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("\\|", "|"))
    : [];

describe("docs/frozen-proc.md", () => {
  it("lists every line and field that the code lets differ, and no other", async () => {
    const listed = rowsUnder(await documentation(), "File", "Line or field", "Here", "Why");
    const known = DIFFERENCES.flatMap(({ file, differences }) =>
      differences.map(({ field, frozen, why }) => [`\`${file}\``, field, frozen, why]),
    );
    assert.deepEqual(listed.map(String), known.map(String));
  });

  it("lists every file that isn't always there", async () => {
    const listed = rowsUnder(await documentation(), "File", "Missing");
    const known = DIFFERENCES.flatMap(({ file, absent }) =>
      absent === undefined || file.startsWith("PID/task/") ? [] : [[`\`${file}\``, absent]],
    );
    assert.deepEqual(listed.map(String), known.map(String));
  });

  it("lists every file that is never there", async () => {
    const listed = rowsUnder(await documentation(), "Never there", "Why");
    assert.deepEqual(
      listed.map(String),
      NEVER.map(({ file, why }) => String([file, why])),
    );
  });

  it("has a row for every kind of file", async () => {
    const text = await documentation();
    for (const { file } of DIFFERENCES)
      if (!file.startsWith("PID/task/")) assert.ok(text.includes(`\`${file}\``), file);
  });
});

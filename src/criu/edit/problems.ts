import type { Image, MessageNode, Problem } from "../model.ts";
import type { EntryList } from "./entry-list.ts";
import { editProblems } from "./errors.ts";

/** What CRIU would refuse of an edited image. Only entries that were changed are looked into. */
export async function problemsOf(old: Image, edited: Image, entries: EntryList): Promise<readonly Problem[]> {
  const { name } = old;
  const problems: Problem[] = [];
  if (!old.type || old.problems.some(({ code }) => code === "criu.otherMagic"))
    problems.push(editProblems.wrongMagic(name));
  const isNew = (problem: Problem): boolean => !old.problems.some(({ code }) => code === problem.code);
  for (const problem of edited.problems.filter(isNew))
    problems.push(editProblems.unreadable(name, problem.message));
  if (edited.entryCount !== entries.count && problems.length === 0)
    problems.push(editProblems.unreadable(name, "a length does not fit what follows it."));
  for (const [index, piece] of entries.pieces()) {
    if (!("parts" in piece) || index >= edited.entryCount) continue;
    const { message, problems: found } = await edited.entry(index);
    // What is only odd CRIU takes as it is.
    for (const problem of found.filter(({ severity }) => severity === "error"))
      problems.push(editProblems.unreadable(name, problem.message));
    for (const path of missingFields(message, `entries[${index}]`))
      problems.push(editProblems.missingField(path, name));
  }
  return problems;
}

/** Paths of required fields that are not there. The decoder bounds the depth. */
function missingFields({ schema, fields }: MessageNode, path: string): string[] {
  const present = new Set(fields.filter((field) => field.schema).map(({ number }) => number));
  const missing = (schema?.fields ?? [])
    .filter(({ rule, number }) => rule === "required" && !present.has(number))
    .map((field) => `${path}.${field.name}`);
  const below = fields.flatMap(({ name, index, value }) =>
    typeof value === "object" && "kind" in value
      ? missingFields(value, `${path}.${name}${index === undefined ? "" : `[${index}]`}`)
      : [],
  );
  return [...missing, ...below];
}

import { resolve } from "node:path";
import type { ChainNode, Snapshot } from "../engine/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { loadEngines } from "./engine-choice.ts";
import { printable } from "./output.ts";

const OPTIONS = { json: { type: "boolean" }, verify: { type: "boolean" } } as const;

/** `cryoscope snapshots FOLDER`: what a catalog holds, as chains. Exit status 1 when something of it is wrong. */
export const run: RunCommand = async (args, output) => {
  const { values, operand } = parseCommandLine("snapshots", args, OPTIONS, "FOLDER");
  const { chains, evidenceOf, readCatalog } = await loadEngines();
  const { snapshots, problems } = await readCatalog(resolve(operand));
  const wrong = [...problems];
  if (values.verify === true)
    for (const one of snapshots) {
      const { checkpoint } = one;
      if (one.sha256 === undefined || (checkpoint.kind !== "archive" && checkpoint.kind !== "folder"))
        continue;
      const found = await evidenceOf(checkpoint.path).catch(() => undefined);
      if (found?.sha256 !== one.sha256)
        wrong.push(`${one.name}: its files are ${found === undefined ? "gone" : "not what they were"}.`);
    }
  if (values.json === true)
    await output.write(`${JSON.stringify({ snapshots, problems: wrong }, undefined, 2)}\n`);
  else {
    await output.write(
      chains(snapshots)
        .map((one) => lines(one, ""))
        .join(""),
    );
    for (const problem of wrong) output.message(printable(problem));
  }
  return wrong.length > 0 ? EXIT.findings : EXIT.done;
};

function lines({ snapshot, children }: ChainNode, indent: string): string {
  return (
    printable(`${indent}${line(snapshot)}`) + "\n" + children.map((one) => lines(one, `${indent}  `)).join("")
  );
}

function line(one: Snapshot): string {
  const marks = [
    ...(one.pinned === true ? ["pinned"] : []),
    ...(one.sealed === true ? ["sealed"] : []),
    ...(one.tags ?? []).map((tag) => `#${tag}`),
  ];
  const size = one.size === undefined ? [] : [`${(one.size / 1e6).toFixed(1)} MB`];
  const parts = [one.time, one.name, one.container.name, one.engine.kind, ...size, ...marks, one.note];
  return parts.filter((part) => part !== "").join("  ");
}

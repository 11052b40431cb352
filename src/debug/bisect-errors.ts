import type { CryoscopeError } from "../bytes/index.ts";
import { failed } from "./errors.ts";

/** The errors of a bisection over snapshots. */
export const bisectErrors = {
  bisectShort: () =>
    failed("bisectShort", "A bisection needs two snapshots at least.", "Freeze the container more often."),
  bisectNever: () =>
    failed(
      "bisectNever",
      "In the last snapshot the command still ends with 0: nothing has turned yet.",
      "Give later snapshots, or another command.",
    ),
  bisectAlways: () =>
    failed(
      "bisectAlways",
      "In the first snapshot the command doesn't end with 0: it had turned before.",
      "Give earlier snapshots, or another command.",
    ),
  bisectUnknown: (index: number) =>
    failed(
      "bisectUnknown",
      `For the ${index === 0 ? "first" : "last"} snapshot the command can't tell (exit status 125, or its time was over).`,
      "Begin and end the row with snapshots that can be told.",
    ),
  bisectBroken: (status: number) =>
    failed(
      "bisectBroken",
      `The command ended with ${status < 0 ? "a signal" : `exit status ${status}`}, which says nothing of the snapshot.`,
      "Let it end with 0 (as before), 1 to 124, 126 or 127 (different) or 125 (can't tell).",
    ),
  bisectNoCommand: (program: string, cause: unknown) =>
    failed("bisectNoCommand", `${program} can't be run.`, "Check the command.", { cause }),
  bisectSame: (answer: string) =>
    failed(
      "bisectSame",
      `In the last snapshot it is ${answer}, as in the first: nothing has turned between them.`,
      "Give earlier or later snapshots, or ask for something else.",
    ),
  bisectEnd: (index: number, cause: CryoscopeError) =>
    failed(
      "bisectEnd",
      `The ${index === 0 ? "first" : "last"} snapshot can't be told. ${cause.message}`,
      cause.next ?? "Begin and end the row with snapshots that can be told.",
      { cause },
    ),
  bisectNoProcess: (pid?: number) =>
    failed(
      "bisectNoProcess",
      pid === undefined
        ? "There is no process in this snapshot."
        : `There is no process ${pid} in this snapshot.`,
      pid === undefined
        ? "A pre-checkpoint has none: ask one that was frozen."
        : "Leave the pid out to ask them all.",
    ),
  bisectLost: (pid: number) =>
    failed(
      "bisectLost",
      `It isn't in what is here of the memory of process ${pid}, but not all of that memory is here.`,
      "See which is missing with cryoscope memory; give the parent layers.",
    ),
  bisectElsewhere: (name: string) =>
    failed(
      "bisectElsewhere",
      `The files of ${name} are with its engine, not here.`,
      "Export it (cryoscope checkpoint -o, or Export Snapshot…) and give the file.",
    ),
};

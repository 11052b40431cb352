import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

const failed = (code: string, sentence: string, next?: string): CryoscopeError =>
  cryoscopeError(`postmortem.${code}`, sentence, next === undefined ? {} : { next });

/** The errors of post-mortem sessions. */
export const postmortemErrors = {
  frozen: () =>
    failed(
      "frozen",
      "Nothing runs in a post-mortem session: the process is as it was frozen, and can't go on or step.",
      "Restore the snapshot into a live session to run it.",
    ),
  noCheckpoint: () =>
    failed(
      "noCheckpoint",
      "The configuration names no checkpoint.",
      'Set "checkpoint" to a folder or archive.',
    ),
  ended: () => failed("ended", "This post-mortem session has ended, or has not begun.", "Start it again."),
  noProcess: (pid: number) =>
    failed("noProcess", `There is no process ${pid} in this checkpoint.`, "Leave pid out to see them all."),
  noThread: (id: number) => failed("noThread", `There is no thread ${id} in this session.`),
  noFrame: (id: number) => failed("noFrame", `There is no frame ${id} in this session.`),
  noCode: (architecture: string) =>
    failed("noCode", `The machine code of ${architecture.slice(0, 40)} is not understood here.`),
  badReference: (text: string) =>
    failed("badReference", `"${text.slice(0, 40)}" is no place in the memory of a frozen process.`),
  badExpression: (why: string) =>
    failed(
      "badExpression",
      `${why}.`,
      "Such as $rip, main+4, *(u64*)0x7ffe1000, *(char*)$rsi, or (char*)$rdi for a string.",
    ),
  unknownName: (name: string) =>
    failed("unknownName", `Nothing here is called ${name.slice(0, 80)}.`, "Registers begin with $."),
  untyped: (name: string) =>
    failed(
      "untyped",
      `What ${name.slice(0, 80)} is isn't known here: there is no debug information with its type, only its address.`,
      `Say the type: *(i32*)&${name.slice(0, 80)}; or name a sysroot that has the program with its debug information.`,
    ),
  notOneComparison: () =>
    failed(
      "notOneComparison",
      "A condition has one comparison at most.",
      "Such as counter > 41, $rip == main, or *(u64*)0x7ffe1000 != 0.",
    ),
  unreadable: (address: bigint, why: string) =>
    failed("unreadable", `There is nothing to read at 0x${address.toString(16)}: ${why}.`),
};

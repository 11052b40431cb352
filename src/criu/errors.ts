import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError, ErrorDetails, Place } from "../bytes/index.ts";
import type { Problem } from "./model.ts";

/** The errors of this floor: what a caller asked for and can't have. What the bytes say wrong is a `Problem`. */
export const criuErrors = {
  truncated: (wanted: number, left: number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError(
      "criu.truncatedEntry",
      `The image ends early: ${wanted} bytes should follow, ${left} are left.`,
      details,
    ),
  badLength: (length: bigint | number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("criu.badLength", `A length of ${length} bytes can't be right here.`, details),
  unreadableEntry: (details?: ErrorDetails): CryoscopeError =>
    cryoscopeError(
      "criu.unreadableEntry",
      "This entry can't be read, so it is not known how many bytes follow it.",
      details,
    ),
  tooManyParts: (limit: number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("criu.tooManyParts", `More than ${limit} parts follow this entry.`, details),
  noSuchEntry: (index: number, count: number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("criu.noSuchEntry", `There is no entry ${index}: the image has ${count}.`, details),
  wrongType: (wanted: string, found: string, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("criu.wrongType", `Entries of ${wanted} were expected, these are ${found}.`, details),
  unknownMessage: (name: string): CryoscopeError =>
    cryoscopeError("criu.unknownMessage", `The schema has no message ${name}.`),
};

function problem(
  code: string,
  severity: Problem["severity"],
  message: string,
  { file, offset }: Place,
): Problem {
  return {
    code: `criu.${code}`,
    severity,
    message,
    ...(file !== undefined && { file }),
    ...(offset !== undefined && { offset }),
  };
}

/** What can be wrong with an image's bytes. Each names its place and hides nothing else. */
export const criuProblems = {
  empty: (place: Place) => problem("empty", "error", "The image has no bytes, not even a magic.", place),
  noMagic: (place: Place) =>
    problem("noMagic", "error", "This is no CRIU image: it starts with none of CRIU's magics.", place),
  shortHeader: (place: Place) => problem("shortHeader", "error", "The image ends inside its header.", place),
  unknownMagic: (magic: number, place: Place) =>
    problem(
      "unknownMagic",
      "warning",
      `Magic 0x${magic.toString(16)} is not known; entries are shown as raw fields.`,
      place,
    ),
  otherMagic: (named: string, found: string, place: Place) =>
    problem("otherMagic", "warning", `The name says ${named}, the magic says ${found}.`, place),
  truncatedSize: (left: number, place: Place) =>
    problem("truncatedEntry", "error", `The image ends inside a size word: ${left} of 4 bytes.`, place),
  truncatedEntry: (wanted: number, left: number, place: Place) =>
    problem("truncatedEntry", "error", `An entry should have ${wanted} bytes, ${left} are left.`, place),
  tooManyEntries: (limit: number, place: Place) =>
    problem("tooManyEntries", "error", `Only the first ${limit} entries are shown.`, place),
  tooLarge: (size: number, place: Place) =>
    problem("tooLarge", "error", `A message of ${size} bytes is too large to decode.`, place),
  sealed: (place: Place) =>
    problem("sealed", "error", "This image is sealed; it can't be decoded without the key.", place),
  /** `seal/` proves a key by the absence of this problem. */
  recordBroken: (reason: string, place: Place) =>
    problem("recordBroken", "error", `A sealed record can't be opened: ${reason}`, place),
  badField: (place: Place) =>
    problem("badField", "error", "These bytes are no field of a protobuf message.", place),
  tooDeep: (limit: number, place: Place) =>
    problem("tooDeep", "error", `Messages are nested deeper than ${limit}; left undecoded.`, place),
  tooManyFields: (place: Place) =>
    problem("tooManyFields", "error", "Too many fields in one entry; the rest is left raw.", place),
  badAttribute: (place: Place) =>
    problem("badAttribute", "error", "These bytes are no attribute of a netlink message.", place),
  badRawMagic: (place: Place) =>
    problem("badRawMagic", "error", "This doesn't begin with the magic of what `ip` saves.", place),
  wrongWireType: (field: string, wireType: number, place: Place) =>
    problem("wrongWireType", "error", `Field ${field} can't have wire type ${wireType}; shown raw.`, place),
  badText: (field: string, place: Place) =>
    problem(
      "badText",
      "warning",
      `Text of field ${field} is not UTF-8; each byte that isn't stands as U+DC80 to U+DCFF.`,
      place,
    ),
  missingField: (field: string, place: Place) =>
    problem("missingField", "error", `Required field ${field} is missing.`, place),
  /** A thrown error of this project, kept as a problem of the model. */
  from: (error: CryoscopeError, place: Place): Problem => ({
    code: error.code,
    severity: "error",
    message: error.sentence,
    ...(place.file !== undefined && { file: place.file }),
    ...((error.offset ?? place.offset) !== undefined && { offset: error.offset ?? place.offset ?? 0 }),
  }),
};

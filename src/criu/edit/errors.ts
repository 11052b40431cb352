import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";
import type { Problem } from "../model.ts";

/** Why an edit can't be made. `path` is the field's, `entries[0].tc.comm`. */
export const editErrors = {
  sealed: (file: string): CryoscopeError =>
    cryoscopeError("edit.sealed", "A sealed image can't be edited.", {
      file,
      next: "Save what it holds in clear as a copy, and edit that.",
    }),
  noEntries: (file: string): CryoscopeError =>
    cryoscopeError("edit.noEntries", "Only images with entries can be edited field by field.", { file }),
  bigEndian: (file: string): CryoscopeError =>
    cryoscopeError(
      "edit.bigEndian",
      "This image is of a big-endian machine (s390x): its lengths stand the other way round, and it is shown read-only.",
      { file, next: "Edit it with crit on such a machine." },
    ),
  badPath: (path: string): CryoscopeError =>
    cryoscopeError("edit.badPath", `"${path}" is not the path of an entry or a field.`),
  noSuchField: (path: string): CryoscopeError =>
    cryoscopeError("edit.noSuchField", `There is no ${path} in this image.`),
  notEditable: (path: string, why: string): CryoscopeError =>
    cryoscopeError("edit.notEditable", `${path} can't be edited: ${why}.`),
  badValue: (field: string, text: string, wanted: string): CryoscopeError =>
    cryoscopeError(
      "edit.badValue",
      `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}" is no ${wanted}.`,
      {
        next: `Give ${field} as ${wanted}.`,
      },
    ),
  outOfRange: (field: string, value: string, min: string, max: string): CryoscopeError =>
    cryoscopeError("edit.outOfRange", `${value} is out of range: ${field} can be ${min} to ${max}.`),
  wrongKind: (path: string, wanted: string): CryoscopeError =>
    cryoscopeError("edit.wrongKind", `The value of ${path} has to be ${wanted}.`),
  tooLarge: (path: string, limit: number): CryoscopeError =>
    cryoscopeError("edit.tooLarge", `${path} would have more than ${limit} bytes.`),
  payloadLength: (path: string): CryoscopeError =>
    cryoscopeError(
      "edit.payloadLength",
      `${path} has to keep its length: other parts of the image depend on it.`,
    ),
};

/** What CRIU would refuse of the edited image. */
export const editProblems = {
  missingField: (path: string, file: string): Problem => ({
    code: "edit.missingField",
    severity: "error",
    message: `CRIU will refuse the image: required field ${path} is missing.`,
    file,
  }),
  wrongMagic: (file: string): Problem => ({
    code: "edit.wrongMagic",
    severity: "error",
    message: "CRIU will refuse the image: its magic is not that of a kind it knows by this name.",
    file,
  }),
  unreadable: (file: string, message: string): Problem => ({
    code: "edit.unreadable",
    severity: "error",
    message: `CRIU will refuse the image: ${message}`,
    file,
  }),
};

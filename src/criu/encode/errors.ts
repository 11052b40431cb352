import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

const FIX = "Correct the JSON there; `cryoscope decode` shows what it has to look like.";

/** What can be wrong with the JSON of an image. `path` is the place in it: `entries[0].tc.comm`. */
export const encodeErrors = {
  badJson: (reason: string, offset: number): CryoscopeError =>
    cryoscopeError("encode.badJson", `This is no JSON: ${reason}.`, { offset }),
  tooLarge: (limit: number): CryoscopeError =>
    cryoscopeError("encode.tooLarge", `JSON of more than ${limit} bytes is not read.`),
  wrongKind: (path: string, wanted: string, found: string): CryoscopeError =>
    cryoscopeError("encode.wrongKind", `${at(path)} has to be ${wanted}, not ${found}.`, { next: FIX }),
  unknownMagic: (magic: string): CryoscopeError =>
    cryoscopeError("encode.unknownMagic", `"${magic}" is no kind of image with entries.`, { next: FIX }),
  unknownField: (path: string, message: string): CryoscopeError =>
    cryoscopeError("encode.unknownField", `${at(path)} is no field of ${message}.`, { next: FIX }),
  missingField: (path: string): CryoscopeError =>
    cryoscopeError("encode.missingField", `${at(path)} is required and not there.`, { next: FIX }),
  outOfRange: (path: string, value: string, type: string): CryoscopeError =>
    cryoscopeError("encode.outOfRange", `${at(path)} is ${value}, which is out of the range of ${type}.`, {
      next: FIX,
    }),
  badValue: (path: string, text: string, wanted: string): CryoscopeError =>
    cryoscopeError("encode.badValue", `${at(path)} is "${shortened(text)}", which is no ${wanted}.`, {
      next: FIX,
    }),
  payloadLength: (path: string, said: string, found: number): CryoscopeError =>
    cryoscopeError("encode.payloadLength", `${at(path)} has ${found} bytes, the entry says ${said}.`, {
      next: "Change the length in the entry too.",
    }),
};

function at(path: string): string {
  return path === "" ? "The JSON" : path;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

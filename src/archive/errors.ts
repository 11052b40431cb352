import { cryoscopeError, type CryoscopeError, type ErrorDetails } from "../bytes/index.ts";

/** A name from an archive, safe to print: quoted, control characters escaped, cut after 200 characters. */
export function printable(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What a person can do about a limit (`InflateOptions.maxInflated`). */
const RAISE = "allow so many bytes (`--max-inflated`, or `cryoscope.archive.maxInflated` in the settings)";

/** The errors of this floor. */
export const archiveErrors = {
  notFound: (path: string, tree: string): CryoscopeError =>
    cryoscopeError("archive.notFound", `There is no ${printable(path)} in ${tree}.`),
  notAFile: (path: string, tree: string): CryoscopeError =>
    cryoscopeError("archive.notAFile", `${printable(path)} in ${tree} is not a regular file.`),
  closed: (): CryoscopeError =>
    cryoscopeError("archive.closed", "The file was closed before all of it was read."),
  notAFolder: (file: string): CryoscopeError =>
    cryoscopeError("archive.notAFolder", "This is not a folder.", { file, next: "Choose a folder." }),
  linkNotRead: (path: string, target: string): CryoscopeError =>
    cryoscopeError(
      "archive.linkNotRead",
      `${printable(path)} is a link to ${printable(target)}; links are not followed.`,
      { next: "If it leads to a file of the same archive, name that file." },
    ),
  notALink: (path: string, tree: string): CryoscopeError =>
    cryoscopeError("archive.notALink", `${printable(path)} in ${tree} is not a symbolic link.`),
  linkRefused: (path: string, target: string, reason: string): CryoscopeError =>
    cryoscopeError(
      "archive.linkRefused",
      `The link ${printable(path)} to ${printable(target)} is not followed: ${reason}.`,
      {
        next: "If you trust it, open the folder that it names.",
      },
    ),
  unreadable: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError("archive.unreadable", `This cannot be read: ${message(cause)}.`, {
      file,
      cause,
      next: "Check that it exists and that you may read it.",
    }),
  noAnswer: (file: string, milliseconds: number): CryoscopeError =>
    cryoscopeError(
      "archive.noAnswer",
      `The file system it lies on has not answered for ${Math.round(milliseconds / 1000)} seconds.`,
      {
        file,
        next: "Check that the network mount is alive, or copy the checkpoint to a disk of this machine.",
      },
    ),
  notAnArchive: (file: string): CryoscopeError =>
    cryoscopeError(
      "archive.notAnArchive",
      "This is no tar archive, plain or packed with gzip, zstd, xz or bzip2.",
      {
        file,
        next: "Choose a checkpoint archive, or the folder that holds the images.",
      },
    ),
  unsupported: (file: string, what: string, next: string): CryoscopeError =>
    cryoscopeError("archive.unsupported", `This is ${what}, which Cryoscope cannot open as it is.`, {
      file,
      next,
    }),
  packedRarely: (file: string, codec: string, what: string): CryoscopeError =>
    cryoscopeError(
      "archive.unsupported",
      `This ${codec} archive uses ${what}, which Cryoscope cannot open.`,
      {
        file,
        next: `Decompress it with \`${codec} -dk FILE\`.`,
      },
    ),
  damagedTar: (sentence: string, details: ErrorDetails): CryoscopeError =>
    cryoscopeError("archive.damagedTar", sentence, details),
  damaged: (file: string, offset: number, cause: unknown): CryoscopeError =>
    cryoscopeError("archive.damaged", `The compressed data is damaged: ${message(cause)}.`, {
      file,
      offset,
      cause,
      next: "Get the archive again; it may have been cut while it was copied.",
    }),
  /** What a decoder says of its data; it becomes one of the errors around here, with the file and place. */
  codecBroken: (why: string, cause?: unknown): CryoscopeError =>
    cryoscopeError("archive.codecBroken", why, { cause }),
  codecUnsupported: (why: string, cause?: unknown): CryoscopeError =>
    cryoscopeError("archive.codecUnsupported", why, { cause }),
  decoderFailed: (codec: string, cause: unknown): CryoscopeError =>
    cryoscopeError("archive.decoderFailed", `The decoder of ${codec} could not run: ${message(cause)}.`, {
      cause,
      next: "Decompress the archive yourself and open the tar; and please report this.",
    }),
  tooBig: (file: string, limit: number): CryoscopeError =>
    cryoscopeError("archive.tooBig", `The archive inflates to more than ${limit} bytes.`, {
      file,
      next: `If you trust it, ${RAISE}.`,
    }),
  bomb: (file: string, ratio: number): CryoscopeError =>
    cryoscopeError("archive.bomb", `The archive inflates to more than ${ratio} times its size.`, {
      file,
      next: `It may be made to fill your disk. If you trust it, ${RAISE}.`,
    }),
  noRoom: (folder: string, room: number): CryoscopeError =>
    cryoscopeError(
      "archive.noRoom",
      `The inflated archive needs more than the ${room} bytes that are free.`,
      {
        file: folder,
        next: "Free some space there, or decompress the archive yourself on another disk and open the tar.",
      },
    ),
  noImage: (file: string): CryoscopeError =>
    cryoscopeError(
      "archive.noImage",
      "This can't become a container image: it has no config.dump, spec.dump and checkpoint folder.",
      { file, next: "Only archives that Podman, CRI-O or a kubelet wrote are restored from images." },
    ),
  changed: (file: string): CryoscopeError =>
    cryoscopeError("archive.changed", "This has changed while it was read.", { file, next: "Try again." }),
  tooDeep: (path: string, limit: number): CryoscopeError =>
    cryoscopeError("archive.tooDeep", `${printable(path)} is not opened: it lies ${limit} archives deep.`, {
      next: "Save it and open it by itself.",
    }),
  tooManyOpen: (path: string, limit: number): CryoscopeError =>
    cryoscopeError("archive.tooManyOpen", `${printable(path)} is not opened: ${limit} archives are.`, {
      next: "Close the checkpoint and open it again, or save the archive and open it by itself.",
    }),
  spillFailed: (folder: string, cause: unknown): CryoscopeError =>
    cryoscopeError("archive.spillFailed", `The inflated archive cannot be kept: ${message(cause)}.`, {
      file: folder,
      cause,
      next: "Free some space there, or decompress the archive yourself and open the tar.",
    }),
};

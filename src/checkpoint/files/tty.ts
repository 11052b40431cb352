import type { MessageMap } from "../../criu/index.ts";
import { enumName, flagNames } from "../names.ts";
import { fileKind } from "./kind.ts";

export interface TerminalModes {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly control: readonly string[];
  readonly local: readonly string[];
  /** Line discipline; 0 is the usual one. */
  readonly line: number;
  readonly inputSpeed: number;
  readonly outputSpeed: number;
  /** Codes of the control characters by name: `{ VINTR: 3, … }`. */
  readonly characters: Readonly<Record<string, number>>;
}

/** An open terminal. Two files with the same `infoId` are the same end of the same terminal. */
export interface Terminal {
  readonly kind: "tty";
  readonly infoId: number;
  /** `PTY`, `CONSOLE`, `VT`, `CTTY`, `EXT_TTY`, `SERIAL`. */
  readonly type: string;
  /** Of pseudo terminals: N of /dev/pts/N. */
  readonly index: number | undefined;
  /** Whether it is the side of the terminal emulator: /dev/ptmx. */
  readonly master: boolean;
  /** Session it controls; 0 none. */
  readonly session: number;
  /** Process group in the foreground. */
  readonly foregroundGroup: number;
  readonly locked: boolean;
  readonly exclusive: boolean;
  readonly packetMode: boolean;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly window: { readonly rows: number; readonly columns: number } | undefined;
  readonly modes: TerminalModes | undefined;
  /** What was typed and not yet read. */
  readonly buffered: Uint8Array | undefined;
}

/** In the order of their places on all machines but MIPS, PPC and Alpha (`include/uapi/asm-generic/termbits.h`). */
const CHARACTERS =
  "VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD VWERASE VLNEXT VEOL2".split(
    " ",
  );

/** CRIU stores the array of 19 bytes as 19 words of 4; the words after the first five are not of the terminal. */
function characters(words: readonly number[]): Readonly<Record<string, number>> {
  const codes = words.flatMap((word) => [
    word & 0xff,
    (word >>> 8) & 0xff,
    (word >>> 16) & 0xff,
    word >>> 24,
  ]);
  return Object.fromEntries(CHARACTERS.map((name, index) => [name, codes[index] ?? 0]));
}

function modesOf(modes: MessageMap["termios_entry"] | undefined): TerminalModes | undefined {
  return (
    modes && {
      input: flagNames("termios.iflag", modes.c_iflag),
      output: flagNames("termios.oflag", modes.c_oflag),
      control: flagNames("termios.cflag", modes.c_cflag),
      local: flagNames("termios.lflag", modes.c_lflag),
      line: modes.c_line,
      inputSpeed: modes.c_ispeed,
      outputSpeed: modes.c_ospeed,
      characters: characters(modes.c_cc),
    }
  );
}

/** Of stat(2): the major number is in bits 8 to 19. */
const majorOf = (rdev: number): number => (rdev >>> 8) & 0xfff;
/** Of /dev/ptmx and /dev/tty. */
const TTYAUX_MAJOR = 5;
const PTMX_MINOR = 2;

export const TTY = fileKind(
  "TTY",
  "tty",
  async (file, context) => {
    const path = file.regf_id === undefined ? undefined : context.pathOf(file.regf_id);
    const info = await context.ttyInfo(file.tty_info_id);
    const rdev = info?.rdev ?? 0;
    return {
      path,
      description: path ?? `tty ${file.tty_info_id}`,
      flags: file.flags,
      owner: file.fown,
      detail: {
        kind: "tty",
        infoId: file.tty_info_id,
        type: info === undefined ? "UNKNOWN" : enumName("TtyType", info.type),
        index: info?.pty?.index,
        master: majorOf(rdev) === TTYAUX_MAJOR && (rdev & 0xff) === PTMX_MINOR,
        session: info?.sid ?? 0,
        foregroundGroup: info?.pgrp ?? 0,
        locked: info?.locked ?? false,
        exclusive: info?.exclusive ?? false,
        packetMode: info?.packet_mode ?? false,
        uid: info?.uid,
        gid: info?.gid,
        window: info?.winsize && { rows: info.winsize.ws_row, columns: info.winsize.ws_col },
        modes: modesOf(info?.termios),
        buffered: await context.ttyData(file.tty_info_id),
      },
    };
  },
  { file: "tty.img", message: "tty_file_entry" },
);

import type { RpcMap } from "./rpc.ts";

// Addresses are hexadecimal, without `0x`: messages to a webview are JSON, which has no 64-bit numbers.

/** Where the bytes of a page come from. */
export type MemoryOriginKind = "dumped" | "layer" | "file" | "zero" | "unavailable";

export interface MemoryOrigin {
  readonly kind: MemoryOriginKind;
  /** One letter or digit for the gutter: `D`, the number of the layer, `F`, `Z`, `–`. */
  readonly letter: string;
  /** In words: `in layer 2`, `from /usr/lib/libc.so.6 in the rootfs diff`, `a guard page: …`. */
  readonly words: string;
}

/** A VMA. They come by address and don't overlap. */
export interface MemoryArea {
  readonly start: string;
  readonly end: string;
  /** As in /proc/PID/maps: `r-xp`. */
  readonly permissions: string;
  /** `file`, `heap`, `stack`, `anonymous` … */
  readonly kind: string;
  /** Path of the file, `[stack]` …; empty for memory without one. */
  readonly name: string;
  /** Offset in the file. */
  readonly offset: string;
  /** Bytes by where they come from. */
  readonly bytes: Readonly<Partial<Record<MemoryOriginKind, number>>>;
  /** What lies in it: `stack of thread 12 clock`, `program break`. */
  readonly marks: readonly string[];
  /** Where to go when it is chosen: of a stack its stack pointer, else the start. */
  readonly goTo: string;
  /**
   * Of code that was mapped from a file. `own`: it is the file's, as far as can be known. `copied`: pages of it were
   * dumped all the same, and the file isn't here to compare them with. `modified`: it differs from the file.
   */
  readonly code: "own" | "copied" | "modified";
}

/** Bytes that the editor shows as selected. */
export interface MemoryRange {
  readonly start: string;
  readonly length: number;
}

export interface MemoryMap {
  /** `1 nginx`. */
  readonly process: string;
  readonly pid: number;
  readonly pageSize: number;
  readonly littleEndian: boolean;
  readonly areas: readonly MemoryArea[];
  /** Where to go at first, because someone asked for it. */
  readonly go: MemoryRange | undefined;
  /** Where to begin else: at the stack pointer of the first thread, or at the first bytes that can be had. */
  readonly home: string | undefined;
}

/** As much of a page range as comes from one place. */
export interface MemoryPiece {
  readonly length: number;
  readonly origin: MemoryOrigin;
}

export interface MemoryBytes {
  /** Bytes that can't be had are zero here; the pieces tell which. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pieces: readonly MemoryPiece[];
}

/** What a person asked for by a command. */
export type MemoryAct = "follow" | "back" | "forward" | "focusMap";

export interface MemoryRpc extends RpcMap {
  readonly requests: {
    /** `again`: a person wants it though it could not be shown before, and may be asked for a key. */
    readonly map: { readonly params: { readonly again?: boolean }; readonly result: MemoryMap };
    /** At most 64 KiB, of whole pages. */
    readonly bytes: { readonly params: MemoryRange; readonly result: MemoryBytes };
    /**
     * Bits a byte (0 to 8) of areas, at most 256 of them, by their starts; of some pages of each. Null where there is
     * nothing but zeros, or no bytes.
     */
    readonly entropy: {
      readonly params: { readonly starts: readonly string[] };
      readonly result: readonly (number | null)[];
    };
  };
  readonly hostEvents: {
    readonly go: MemoryRange;
    readonly act: MemoryAct;
    /** Other bytes can be had now: ask for the map again. */
    readonly reload: null;
  };
  readonly viewEvents: {
    readonly selected: MemoryRange;
    readonly copy: string;
    /** A button was pressed: the command of that name. */
    readonly run: "goTo" | "search" | "saveSelection" | "saveMapping" | "compareCode" | "modules" | "heap";
  };
}

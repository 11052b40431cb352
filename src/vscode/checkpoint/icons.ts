import type * as vscode from "vscode";
import type { MappingKind, ProcessState } from "../../checkpoint/index.ts";
import { icon } from "./item.ts";
import type { PartName, SectionName } from "./rows.ts";

export const SECTIONS: Readonly<
  Record<SectionName, { readonly label: string; readonly icon: vscode.ThemeIcon; readonly open: boolean }>
> = {
  processes: { label: "Processes", icon: icon("server-process"), open: true },
  mounts: { label: "Mounts", icon: icon("folder-library"), open: false },
  images: { label: "Images", icon: icon("files"), open: false },
  snapshot: { label: "Snapshot Files", icon: icon("files"), open: true },
  files: { label: "Files", icon: icon("file-directory"), open: false },
  problems: { label: "Problems", icon: icon("warning", "list.warningForeground"), open: false },
};

export const PARTS: Readonly<Record<PartName, { readonly label: string; readonly icon: string }>> = {
  threads: { label: "Threads", icon: "list-tree" },
  openFiles: { label: "Open Files", icon: "go-to-file" },
  memoryMap: { label: "Memory Map", icon: "layout" },
};

export const STATE_ICONS: Readonly<Record<ProcessState, vscode.ThemeIcon>> = {
  running: icon("pulse", "charts.green"),
  stopped: icon("debug-pause", "charts.yellow"),
  zombie: icon("circle-slash", "disabledForeground"),
  unknown: icon("question"),
};

/** Icon of an open file by CRIU's word for its kind; sockets and pipes look like what they connect. */
export const FILE_ICONS: Readonly<Record<string, string>> = {
  REG: "file",
  PIPE: "arrow-swap",
  FIFO: "arrow-swap",
  INETSK: "globe",
  UNIXSK: "plug",
  NETLINKSK: "plug",
  PACKETSK: "globe",
  TTY: "terminal",
  EVENTFD: "bell",
  EVENTPOLL: "bell",
  SIGNALFD: "bell",
  TIMERFD: "watch",
  INOTIFY: "eye",
  FANOTIFY: "eye",
  MEMFD: "file-binary",
};

export const MAPPING_ICONS: Partial<Record<MappingKind, string>> = {
  file: "file-code",
  heap: "database",
  stack: "layers",
  memfd: "file-binary",
};

import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";
import type { Process } from "../../checkpoint/index.ts";
import { IMAGE_EDITOR } from "../image-editor/index.ts";
import { openFile, tmpfsRow } from "./file-rows.ts";
import { findingUri } from "./finding-badges.ts";
import { FILE_ICONS, MAPPING_ICONS, PARTS, SECTIONS, STATE_ICONS } from "./icons.ts";
import { icon, item } from "./item.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import { imagePlace } from "./places.ts";
import type { Row } from "./rows.ts";
import { byteCount, commandLine, imageSummary, stateText, tooltip } from "./text.ts";
import { checkpointTooltip, processTooltip } from "./tooltips.ts";
import { fileUri, layerFileUri } from "./uris.ts";

type RowOf<K extends Row["kind"]> = Extract<Row, { kind: K }>;
type MakeItem<K extends Row["kind"]> = (row: RowOf<K>) => vscode.TreeItem;

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** A tree of no more processes than this is shown whole. */
const SHOWN_UNFOLDED = 50;

/** A zombie without children has nothing to unfold. */
const foldedState = (process: Process): vscode.TreeItemCollapsibleState =>
  process.state === "zombie" && process.children.length === 0 ? None : Collapsed;

/** What each kind of row looks like. */
const ITEMS: { readonly [K in Row["kind"]]: MakeItem<K> } = {
  checkpoint: ({ entry }) => checkpointItem(entry),

  failed: ({ entry, error }) => {
    const { sentence, next, message } = toCryoscopeError(error);
    return item(sentence, None, {
      icon: entry.isLocked ? icon("lock") : icon("error", "list.errorForeground"),
      tooltip: tooltip(message, [["Next", next]]),
      command: { command: "cryoscope.openCheckpoint", title: "Try Again", arguments: [entry.source] },
      spoken: entry.isLocked ? message : `Could not be opened. ${message}`,
    });
  },

  section: ({ entry, name, count }) => {
    const { label, icon: picture, open } = SECTIONS[name];
    const made = item(label, open ? Expanded : Collapsed, {
      description: name === "files" ? "the frozen /proc, root and configuration" : String(count),
      icon: name === "problems" && count === 0 ? icon("pass") : picture,
    });
    made.id = `${entry.id}/${name}`;
    return made;
  },

  process: ({ entry, process }) => {
    const few = (entry.checkpoint?.processes.length ?? 0) <= SHOWN_UNFOLDED;
    const made = item(
      `${process.pid} ${process.comm}`,
      process.children.length > 0 && few ? Expanded : foldedState(process),
      {
        description: [process.state === "running" ? "" : stateText(process), commandLine(process)]
          .filter((part) => part !== "")
          .join(" · "),
        icon: STATE_ICONS[process.state],
        tooltip: processTooltip(process),
        context: `process.${process.state}`,
        spoken: `Process ${process.pid}, ${process.comm}, ${stateText(process)}, ${commandLine(process)}`,
      },
    );
    made.id = `${entry.id}/process/${process.pid}`;
    made.resourceUri = findingUri(made.id);
    return made;
  },

  part: ({ entry, name, process }) => {
    const { label, icon: picture } = PARTS[name];
    const made = item(label, Collapsed, {
      icon: icon(picture),
      ...(name === "threads" && { description: String(process.threadIds.length) }),
    });
    made.id = `${entry.id}/process/${process.pid}/${name}`;
    return made;
  },

  details: ({ entry, process }) => {
    const made = item("Details", Collapsed, {
      icon: icon("list-unordered"),
      description: "credentials, signals, limits …",
    });
    made.id = `${entry.id}/process/${process.pid}/details`;
    return made;
  },

  facts: ({ id, label, icon: picture }) => {
    const made = item(label, Collapsed, { icon: icon(picture), context: "facts" });
    made.id = id;
    return made;
  },

  fact: ({ fact: { label, value, children, content, icon: picture } }) =>
    item(label, children.length > 0 ? Collapsed : None, {
      ...(picture && { icon: icon(picture.name, picture.color) }),
      description: value,
      tooltip: tooltip(label, [["Value", value]]),
      context: content === undefined || content.size === 0 ? "fact" : "fact.content",
      spoken: `${label}: ${value}`,
    }),

  thread: ({ thread }) =>
    item(`${thread.tid} ${thread.comm}`, Collapsed, {
      icon: icon("circle-small"),
      description: thread.leader ? "main" : "",
      context: "thread",
    }),

  openFile: ({ entry, process, file }) => {
    const made = item(`${file.fd}: ${file.description}`, file.detail ? Collapsed : None, {
      description: [
        ...file.flags.filter((flag) => flag !== "O_LARGEFILE"),
        file.closeOnExec ? "close-on-exec" : "",
      ]
        .filter((part) => part !== "")
        .join(" "),
      icon: icon(FILE_ICONS[file.type] ?? "symbol-misc"),
      tooltip: tooltip(file.description, [
        ["Descriptor", String(file.fd)],
        ["Kind", file.type],
        ["Flags", file.flags.join(" | ")],
        ["Position", file.position?.toString()],
        ["File id", String(file.id)],
      ]),
      context: "openFile",
    });
    made.id = `${entry.id}/process/${process.pid}/openFiles/${file.fd}`;
    made.resourceUri = findingUri(made.id);
    return made;
  },

  mapping: ({ entry, process, mapping }) => {
    const range = `${hex(mapping.start)}-${hex(mapping.end)}`;
    const size = byteCount(mapping.end - mapping.start);
    const made = item(`${hex(mapping.start)} ${mapping.permissions}`, None, {
      description: `${size} · ${mapping.name ?? mapping.kind}`,
      icon: icon(MAPPING_ICONS[mapping.kind] ?? "circle-small"),
      tooltip: tooltip(mapping.name ?? mapping.kind, [
        ["Addresses", range],
        ["Size", size],
        ["Permissions", mapping.permissions],
        ["Offset in file", mapping.fileId === undefined ? undefined : `0x${mapping.offset.toString(16)}`],
      ]),
      context: "mapping",
    });
    made.id = `${entry.id}/process/${process.pid}/memoryMap/${hex(mapping.start)}`;
    made.resourceUri = findingUri(made.id);
    return made;
  },

  mount: ({ mount }) =>
    item(mount.destination, None, {
      description: [mount.type, mount.source].filter((part) => part !== "" && part !== "unknown").join(" · "),
      icon: icon("folder"),
      tooltip: tooltip(mount.destination, [
        ["Type", mount.type],
        ["Source", mount.source],
        ["Root", mount.root],
        ["Options", mount.options.join(",")],
      ]),
      context: "mount",
    }),

  layer: ({ entry, layer }) => {
    const made = item(layer.folder === "" ? layer.tree.name : layer.folder, Collapsed, {
      description: layer.index === 0 ? "newest" : `parent ${layer.index}`,
      icon: icon("layers"),
    });
    made.id = `${entry.id}/layer/${layer.index}`;
    return made;
  },

  image: ({ entry, file, layer }) => {
    const { tree, foreign } = entry.checkpoint ?? {};
    // The image editor shows what it doesn't know as bytes; VS Code shows no binary file at all.
    const isShownAsBytes = file.isImage || foreign !== undefined;
    const uri = tree ? layerFileUri(entry.id, layer, file.name) : fileUri(entry.id, file.path);
    const made = item(file.name, None, {
      description: imageSummary(file),
      icon: icon(isShownAsBytes ? "file-binary" : "file"),
      tooltip: tooltip(file.name, [
        ["Kind", file.type?.name],
        ["Holds", file.type?.doc],
        ["Size", byteCount(BigInt(file.size))],
        ["Path", file.path],
      ]),
      context: tmpfsRow(entry, file.name) ? "image.archive" : file.isImage ? "image" : "file",
      command: isShownAsBytes
        ? { command: "vscode.openWith", title: "Open Image", arguments: [uri, IMAGE_EDITOR] }
        : { command: "vscode.open", title: "Open File", arguments: [uri] },
    });
    made.id = `${entry.id}/layer/${layer.index}/${file.name}`;
    return made;
  },

  problem: ({ entry, problem }) => {
    const { file, offset, message } = problem;
    const place = [file, offset === undefined ? undefined : `byte ${offset}`].filter(
      (part) => part !== undefined,
    );
    const uri = entry.checkpoint && imagePlace(entry.id, entry.checkpoint, file);
    return item(file === undefined ? message : file.slice(file.lastIndexOf("/") + 1), None, {
      description: file === undefined ? "" : message,
      icon:
        problem.severity === "error"
          ? icon("error", "list.errorForeground")
          : icon("warning", "list.warningForeground"),
      tooltip: tooltip(message, [
        ["File", file],
        ["Byte", offset?.toString()],
        ["Code", problem.code],
      ]),
      context: "problem",
      spoken: `${problem.severity}, ${place.join(", ")}: ${message}`,
      ...(uri && {
        command: { command: "vscode.openWith", title: "Open Image", arguments: [uri, IMAGE_EDITOR] },
      }),
    });
  },

  file: (row) => {
    const { uri, name, isFolder } = row;
    const made = item(name, isFolder ? Collapsed : None, {
      icon: isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File,
      context: isFolder ? "folder" : "file",
      ...(!isFolder && { command: openFile(row) }),
    });
    made.id = uri.toString();
    made.resourceUri = uri;
    return made;
  },

  note: ({ text, more }) =>
    item(text, None, {
      icon: icon("info"),
      ...(more !== undefined && { tooltip: tooltip(more, []), spoken: `${text}. ${more}` }),
    }),

  range: ({ first, rows }) =>
    item(`${first + 1} – ${first + rows.length}`, Collapsed, { icon: icon("ellipsis") }),
};

/** The tree item of a row. */
export function itemOf(row: Row): vscode.TreeItem {
  // The table has exactly the row's kind at its key; TypeScript can't see that the two belong together.
  return (ITEMS[row.kind] as MakeItem<Row["kind"]>)(row as never);
}

const hex = (address: bigint): string => address.toString(16).padStart(8, "0");

function checkpointItem({ id, source, checkpoint, isLocked }: OpenCheckpoint): vscode.TreeItem {
  const [folder = "", file = ""] = source.path.split("/").slice(-2);
  const name = checkpoint?.container.name ?? file;
  const isSealed = checkpoint?.criu.sealed === true;
  const made = item(name, checkpoint ? Expanded : Collapsed, {
    description: checkpoint
      ? [checkpoint.engine.label, checkpoint.container.image ?? (name === file ? folder : file)]
          .filter((part) => part !== "")
          .join(" · ")
      : isLocked
        ? "locked"
        : "",
    icon: icon(isLocked ? "lock" : isSealed ? "unlock" : "archive"),
    tooltip: checkpoint ? checkpointTooltip(checkpoint, source) : tooltip(source.fsPath, []),
    context: "checkpoint",
    spoken: checkpoint
      ? `Checkpoint ${name}, ${checkpoint.engine.label}${isSealed ? ", sealed, opened with a key" : ""}`
      : `Checkpoint ${name}, ${isLocked ? "locked" : "not opened yet"}`,
  });
  // Another id once it is loaded: VS Code keeps the folded state of an id, and a loaded checkpoint starts unfolded.
  made.id = checkpoint ? id : `${id}/closed`;
  return made;
}

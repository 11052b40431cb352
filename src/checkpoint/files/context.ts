import { decodeAs } from "../../criu/index.ts";
import type { MessageMap, PayloadNode } from "../../criu/index.ts";
import { payloadContent } from "../content.ts";
import type { Content, ContentPiece } from "../content.ts";
import type { Layer } from "../layers.ts";
import { flagNames } from "../names.ts";
import { once, onceEach } from "../once.ts";
import { collect } from "../problems.ts";
import type { Part, Report } from "../problems.ts";
import { readRecords, readRecordsWithPayloads } from "../records.ts";
import type { BpfMapData } from "./bpf-map.ts";
import type { TcpStream } from "./inet-socket.ts";
import type { PipeBuffer } from "./pipe.ts";
import type { Ghost, Remap } from "./regular.ts";
import { MAX_FILES, readFileTable } from "./table.ts";
import type { FileTable, RemapEntry } from "./table.ts";
import type { QueuedPacket } from "./unix-socket.ts";

type Entry<Name extends keyof MessageMap> = MessageMap[Name];

/** Everything a kind may look up to describe a file: names, what is queued, what a deleted file held. */
export interface FileContext extends FileTable {
  /** Whether the machine keeps the highest byte of a word first. */
  readonly bigEndian: boolean;
  pipeBuffer(pipeId: number): Promise<PipeBuffer | undefined>;
  fifoBuffer(pipeId: number): Promise<PipeBuffer | undefined>;
  /** Messages that wait in the socket with this file id. */
  packetsFor(fileId: number): Promise<readonly QueuedPacket[]>;
  tcpStream(inode: number): Promise<TcpStream | undefined>;
  ttyInfo(infoId: number): Promise<Entry<"tty_info_entry"> | undefined>;
  ttyData(infoId: number): Promise<Uint8Array | undefined>;
  bpfMapData(mapId: number): Promise<BpfMapData | undefined>;
  remapOf(fileId: number): Promise<Remap | undefined>;
  /** Elements that CRIU before 3.0 wrote into images of their own. */
  oldEpollTargets(fileId: number): readonly Entry<"eventpoll_tfd_entry">[];
  oldInotifyWatches(fileId: number): readonly Entry<"inotify_wd_entry">[];
  oldFanotifyMarks(fileId: number): readonly Entry<"fanotify_mark_entry">[];
}

/** The images about open files of a layer, each read when it is first needed and remembered. */
export interface FileImages {
  table(): Promise<Part<FileTable>>;
  /** A context that reports what is wrong with the images it reads. */
  context(report: Report): Promise<FileContext>;
}

export function fileImages(layer: Layer): FileImages {
  const list = <
    Name extends
      | "tty_info_entry"
      | "tty_data_entry"
      | "eventpoll_tfd_entry"
      | "inotify_wd_entry"
      | "fanotify_mark_entry",
  >(
    file: string,
    name: Name,
  ) => once(() => collect((report) => readRecords(layer, file, name, report, MAX_FILES)));
  const table = once(() => collect<FileTable>((report) => readFileTable(layer, report)));
  const pipes = once(() => collect((report) => readPipeData(layer, "pipes-data.img", report)));
  const fifos = once(() => collect((report) => readPipeData(layer, "fifo-data.img", report)));
  const packets = once(() => collect((report) => readPackets(layer, report)));
  const maps = once(() => collect((report) => readMapData(layer, report)));
  const ttys = list("tty-info.img", "tty_info_entry");
  const ttyData = list("tty-data.img", "tty_data_entry");
  const epolls = list("eventpoll-tfd.img", "eventpoll_tfd_entry");
  const watches = list("inotify-wd.img", "inotify_wd_entry");
  const marks = list("fanotify-mark.img", "fanotify_mark_entry");
  const streams = onceEach((inode: number) => collect((report) => readTcpStream(layer, inode, report)));
  const ghosts = onceEach((id: number) => collect((report) => readGhost(layer, id, report)));

  return {
    table,
    async context(report) {
      const take = async <T>(read: Promise<Part<T>>): Promise<T> => {
        const { value, problems } = await read;
        problems.forEach(report);
        return value;
      };
      const files = await take(table());
      const [oldTargets, oldWatches, oldMarks] = [
        await take(epolls()),
        await take(watches()),
        await take(marks()),
      ];
      const remapOf = async (entry: RemapEntry): Promise<Remap | undefined> => {
        const { type, id } = remapTarget(entry);
        if (type === "linked") return { type, path: files.pathOf(id) };
        if (type === "procfs") return { type, pid: id };
        const ghost = await take(ghosts(id));
        return ghost && { type, ...ghost };
      };
      return {
        ...files,
        bigEndian: layer.bigEndian,
        pipeBuffer: async (id) => (await take(pipes())).get(id),
        fifoBuffer: async (id) => (await take(fifos())).get(id),
        packetsFor: async (id) => (await take(packets())).get(id) ?? [],
        tcpStream: (inode) => take(streams(inode)),
        ttyInfo: async (id) => (await take(ttys())).find((entry) => entry.id === id),
        ttyData: async (id) => (await take(ttyData())).find((entry) => entry.tty_id === id)?.data,
        bpfMapData: async (id) => (await take(maps())).get(id),
        remapOf: async (id) => {
          const entry = files.remap(id);
          return entry && remapOf(entry);
        },
        oldEpollTargets: (id) => oldTargets.filter((entry) => entry.id === id),
        oldInotifyWatches: (id) => oldWatches.filter((entry) => entry.id === id),
        oldFanotifyMarks: (id) => oldMarks.filter((entry) => entry.id === id),
      };
    },
  };
}

const REMAP_TYPES = ["linked", "ghost", "procfs"] as const;
/** Before there were types this bit of the id told ghosts (`criu/files-reg.c: collect_one_remap`). */
const OLD_GHOST = 0x8000_0000;

function remapTarget({ remap_type, remap_id }: RemapEntry): { type: Remap["type"]; id: number } {
  if (remap_type !== undefined) return { type: REMAP_TYPES[remap_type] ?? "linked", id: remap_id };
  return remap_id >= OLD_GHOST
    ? { type: "ghost", id: remap_id - OLD_GHOST }
    : { type: "linked", id: remap_id };
}

async function readPipeData(
  layer: Layer,
  file: string,
  report: Report,
): Promise<ReadonlyMap<number, PipeBuffer>> {
  const records = await readRecordsWithPayloads(layer, file, "pipe_data_entry", report, MAX_FILES);
  return new Map(
    records.map(({ value, payloads }) => [
      value.pipe_id,
      { capacity: value.size, content: payloadContent(file, payloads[0]) },
    ]),
  );
}

async function readPackets(
  layer: Layer,
  report: Report,
): Promise<ReadonlyMap<number, readonly QueuedPacket[]>> {
  const file = "sk-queues.img";
  const queues = new Map<number, QueuedPacket[]>();
  for (const { value, payloads } of await readRecordsWithPayloads(
    layer,
    file,
    "sk_packet_entry",
    report,
    MAX_FILES,
  )) {
    const packet = {
      content: payloadContent(file, payloads[0]),
      rights: value.scm.flatMap(({ rights }) => rights),
    };
    const queue = queues.get(value.id_for);
    if (queue) queue.push(packet);
    else queues.set(value.id_for, [packet]);
  }
  return queues;
}

async function readMapData(layer: Layer, report: Report): Promise<ReadonlyMap<number, BpfMapData>> {
  const file = "bpfmap-data.img";
  const records = await readRecordsWithPayloads(layer, file, "bpfmap_data_entry", report, MAX_FILES);
  return new Map(
    records.map(({ value, payloads }) => [
      value.map_id,
      { count: value.count, content: payloadContent(file, payloads[0]), keyBytes: value.keys_bytes },
    ]),
  );
}

async function readTcpStream(layer: Layer, inode: number, report: Report): Promise<TcpStream | undefined> {
  const file = `tcp-stream-${inode.toString(16)}.img`;
  const [record] = await readRecordsWithPayloads(layer, file, "tcp_stream_entry", report, 1);
  if (record === undefined) return undefined;
  const { value, payloads } = record;
  const queue = (name: string): Content =>
    payloadContent(
      file,
      payloads.find((payload) => payload.name === name),
    );
  return {
    image: file,
    received: queue("inq"),
    sent: queue("outq"),
    unsent: value.unsq_len ?? 0,
    receivedSequence: value.inq_seq,
    sentSequence: value.outq_seq,
    options: flagNames("tcp.options", value.opt_mask),
    sendWindowScale: value.snd_wscale,
    receiveWindowScale: value.rcv_wscale,
    maximumSegment: value.mss_clamp,
    timestamp: value.timestamp,
    sendWindow: value.snd_wnd,
    receiveWindow: value.rcv_wnd,
    cork: value.cork ?? false,
    nodelay: value.nodelay ?? false,
  };
}

async function readGhost(layer: Layer, id: number, report: Report): Promise<Ghost | undefined> {
  const file = `ghost-file-${id.toString(16)}.img`;
  const [record] = await readRecordsWithPayloads(layer, file, "ghost_file_entry", report, 1);
  if (record === undefined) return undefined;
  const { value, payloads } = record;
  const pieces = ghostPieces(payloads, report);
  const end = pieces.reduce((size, piece) => Math.max(size, piece.at + piece.end - piece.start), 0);
  const size = value.size === undefined ? end : Math.max(end, Number(BigInt.asUintN(53, value.size)));
  return {
    image: file,
    uid: value.uid,
    gid: value.gid,
    mode: value.mode,
    device: value.dev,
    inode: value.ino,
    rdev: value.rdev,
    accessed: timeOf(value.atim),
    modified: timeOf(value.mtim),
    symlinkTarget: value.symlnk_target,
    content: { from: "image", file, size, pieces },
  };
}

/** Where the parts of a deleted file lie. Those that run into each other, as no dump has them, are cut off. */
function ghostPieces(payloads: readonly PayloadNode[], report: Report): readonly ContentPiece[] {
  const pieces: ContentPiece[] = [];
  let at = 0;
  for (const { message, name, span } of payloads) {
    if (message) at = Number(BigInt.asUintN(53, decodeAs("ghost_chunk_entry", message, report).off));
    else if (name !== "unknown") {
      pieces.push({ ...span, at });
      at += span.end - span.start;
    }
  }
  let end = 0;
  return pieces
    .toSorted((a, b) => a.at - b.at)
    .filter((piece) => {
      const fits = piece.at >= end;
      if (fits) end = piece.at + piece.end - piece.start;
      return fits;
    });
}

const timeOf = (time: MessageMap["timeval"] | undefined): number | undefined =>
  time && Number(time.tv_sec) * 1000 + Math.floor(Number(time.tv_usec) / 1000);

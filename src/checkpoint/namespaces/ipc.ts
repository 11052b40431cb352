import { decodeAs } from "../../criu/index.ts";
import type { MessageMap, PayloadNode } from "../../criu/index.ts";
import { NO_CONTENT, pagesContent, payloadContent } from "../content.ts";
import type { Content } from "../content.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import { orReport } from "../problems.ts";
import type { Report } from "../problems.ts";
import { readRecords, readRecordsWithPayloads, withPlainBytes } from "../records.ts";
import { idsOf } from "./images.ts";

/** What every SysV object has. */
export interface IpcObject {
  readonly id: number;
  readonly key: number;
  readonly uid: number;
  readonly gid: number;
  readonly creatorUid: number;
  readonly creatorGid: number;
  readonly mode: number;
}

export interface SharedMemory extends IpcObject {
  readonly size: bigint;
  readonly hugePages: number;
  readonly content: Content;
}

export interface SemaphoreSet extends IpcObject {
  readonly values: readonly number[];
}

export interface QueuedMessage {
  readonly type: bigint;
  readonly content: Content;
}

export interface MessageQueue extends IpcObject {
  /** Bytes that may be in it. */
  readonly capacity: number;
  readonly messages: readonly QueuedMessage[];
}

export interface IpcNamespace {
  readonly id: number;
  readonly sharedMemory: readonly SharedMemory[];
  readonly semaphores: readonly SemaphoreSet[];
  readonly messageQueues: readonly MessageQueue[];
  /** Limits by the names of their sysctls: `kernel.shmmax`. */
  readonly limits: Readonly<Record<string, bigint | number>>;
}

const MAX_OBJECTS = 100_000;

/** The ipc namespaces of a layer (`criu/ipc_ns.c`). */
export async function readIpc(layer: Layer, report: Report): Promise<readonly IpcNamespace[]> {
  const ids = new Set(["var", "shm", "sem", "msg"].flatMap((kind) => idsOf(layer, `ipcns-${kind}`)));
  const namespaces: IpcNamespace[] = [];
  for (const id of [...ids].toSorted((a, b) => a - b)) {
    const [variables] = await readRecords(layer, `ipcns-var-${id}.img`, "ipc_var_entry", report, 1);
    namespaces.push({
      id,
      sharedMemory: await readSharedMemory(layer, `ipcns-shm-${id}.img`, report),
      semaphores: await readSemaphores(layer, `ipcns-sem-${id}.img`, report),
      messageQueues: await readMessageQueues(layer, `ipcns-msg-${id}.img`, report),
      limits: variables ? limitsOf(variables) : {},
    });
  }
  return namespaces;
}

const objectOf = (desc: MessageMap["ipc_desc_entry"]): IpcObject => ({
  id: desc.id,
  key: desc.key,
  uid: desc.uid,
  gid: desc.gid,
  creatorUid: desc.cuid,
  creatorGid: desc.cgid,
  mode: desc.mode,
});

async function readSharedMemory(
  layer: Layer,
  file: string,
  report: Report,
): Promise<readonly SharedMemory[]> {
  const records = await readRecordsWithPayloads(layer, file, "ipc_shm_entry", report, MAX_OBJECTS);
  return records.map(({ value, payloads }) => ({
    ...objectOf(value.desc),
    size: value.size,
    hugePages: value.hugetlb_flag ?? 0,
    content:
      value.in_pagemaps === true
        ? pagesContent(value.desc.id, value.size)
        : payloadContent(file, payloads[0]),
  }));
}

async function readSemaphores(layer: Layer, file: string, report: Report): Promise<readonly SemaphoreSet[]> {
  const records = await readRecordsWithPayloads(layer, file, "ipc_sem_entry", report, MAX_OBJECTS);
  if (records.length === 0) return [];
  const path = pathInLayer(layer, file);
  return orReport<readonly SemaphoreSet[]>(report, path, [], () =>
    withPlainBytes(layer, file, async (source, { bigEndian }) => {
      const sets: SemaphoreSet[] = [];
      for (const { value, payloads } of records) {
        const { start, end } = payloads[0]?.span ?? { start: 0, end: 0 };
        const bytes = await source.read(start, Math.min(end - start, value.nsems * 2));
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const values = Array.from({ length: bytes.length >> 1 }, (_, index) =>
          view.getUint16(index * 2, bigEndian !== true),
        );
        sets.push({ ...objectOf(value.desc), values });
      }
      return sets;
    }),
  );
}

async function readMessageQueues(
  layer: Layer,
  file: string,
  report: Report,
): Promise<readonly MessageQueue[]> {
  const records = await readRecordsWithPayloads(layer, file, "ipc_msg_entry", report, MAX_OBJECTS);
  return records.map(({ value, payloads }) => ({
    ...objectOf(value.desc),
    capacity: value.qbytes,
    messages: messagesOf(file, payloads, report),
  }));
}

/** Payloads come in twos: an `ipc_msg`, and its text. */
function messagesOf(
  file: string,
  payloads: readonly PayloadNode[],
  report: Report,
): readonly QueuedMessage[] {
  const messages: QueuedMessage[] = [];
  let type: bigint | undefined;
  for (const payload of payloads) {
    if (payload.message) {
      // One without a text is a message too.
      if (type !== undefined) messages.push({ type, content: NO_CONTENT(file) });
      type = decodeAs("ipc_msg", payload.message, report, file).mtype;
    } else if (type !== undefined && payload.name.endsWith(".data")) {
      messages.push({ type, content: payloadContent(file, payload) });
      type = undefined;
    }
  }
  if (type !== undefined) messages.push({ type, content: NO_CONTENT(file) });
  return messages;
}

const SYSCTLS = {
  msg_ctlmax: "kernel.msgmax",
  msg_ctlmnb: "kernel.msgmnb",
  msg_ctlmni: "kernel.msgmni",
  auto_msgmni: "kernel.auto_msgmni",
  shm_ctlmax: "kernel.shmmax",
  shm_ctlall: "kernel.shmall",
  shm_ctlmni: "kernel.shmmni",
  shm_rmid_forced: "kernel.shm_rmid_forced",
  mq_queues_max: "fs.mqueue.queues_max",
  mq_msg_max: "fs.mqueue.msg_max",
  mq_msgsize_max: "fs.mqueue.msgsize_max",
  mq_msg_default: "fs.mqueue.msg_default",
  mq_msgsize_default: "fs.mqueue.msgsize_default",
} as const satisfies Partial<Record<keyof MessageMap["ipc_var_entry"], string>>;

function limitsOf(variables: MessageMap["ipc_var_entry"]): IpcNamespace["limits"] {
  return Object.fromEntries(
    Object.entries(SYSCTLS).flatMap(([field, name]) => {
      // The keys of the table are fields of the message.
      const value = variables[field as keyof typeof SYSCTLS];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

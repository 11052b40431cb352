import type { Checkpoint, Process } from "../checkpoint/index.ts";
import { descriptorsOf } from "./fd/descriptors.ts";
import { fdInfo, fdTarget } from "./fd/fdinfo.ts";
import type { Images } from "./images.ts";
import type { Task } from "./model.ts";
import { namespaceLinks } from "./namespaces.ts";
import { file, fixedFolder, folder, link, numberedFolder } from "./nodes.ts";
import type { FolderNode, Node } from "./nodes.ts";
import { PROC_FILES } from "./table.ts";

/** `/proc/PID`. */
export function processFolder(checkpoint: Checkpoint, images: Images, process: Process): FolderNode {
  const threads = numberedFolder(
    () => Promise.resolve(process.threadIds.length > 0 ? process.threadIds : [process.pid]),
    (tid) => fixedFolder(taskNodes({ checkpoint, images, process, tid }, true)),
  );
  const leader: Task = { checkpoint, images, process, tid: process.pid };
  return fixedFolder([...taskNodes(leader, false), ["task", threads]]);
}

/** Links to paths, and the part of `ProcessPaths` they lead to. */
const PATHS = ["cwd", "exe", "root"] as const;

function taskNodes(task: Task, isThread: boolean): (readonly [string, Node])[] {
  const files = PROC_FILES.filter(({ name, perThread }) => (isThread ? perThread : name !== "children"));
  const fds = async (): Promise<Iterable<number>> => (await descriptorsOf(task)).keys();
  return [
    ...files.map(({ name, write }) => [name, file(() => write(task))] as const),
    ...PATHS.map((name) => [name, link(() => pathOf(task, name))] as const),
    ["fd", numberedFolder(fds, (fd) => link(() => fdTarget(task, fd)))],
    ["fdinfo", numberedFolder(fds, (fd) => file(() => fdInfo(task, fd)))],
    ["ns", namespacesFolder(task)],
  ];
}

function namespacesFolder(task: Task): FolderNode {
  return folder(
    async () => [...(await namespaceLinks(task)).keys()],
    async (name) => {
      const target = (await namespaceLinks(task)).get(name);
      return target === undefined ? undefined : link(() => Promise.resolve(target));
    },
  );
}

async function pathOf(
  { checkpoint, process }: Task,
  name: (typeof PATHS)[number],
): Promise<string | undefined> {
  if (process.state === "zombie") return undefined;
  return (await checkpoint.paths(process.pid)).value[name];
}

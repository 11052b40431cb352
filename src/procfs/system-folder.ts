import type { Checkpoint } from "../checkpoint/index.ts";
import type { Images } from "./images.ts";
import type { System } from "./model.ts";
import { file, fixedFolder, link } from "./nodes.ts";
import type { FolderNode } from "./nodes.ts";
import { networkSettings } from "./system/network-settings.ts";
import { SYSTEM_FILES } from "./system-table.ts";

/** What stands beside the processes in /proc. There is no `self`: nobody runs here. */
export function systemFolder(checkpoint: Checkpoint, images: Images): FolderNode {
  const [root] = checkpoint.roots;
  const first = root === undefined ? undefined : checkpoint.process(root);
  const system: System = { checkpoint, images, first };
  const toFirst = (name: string) =>
    [name, link(() => Promise.resolve(first && `${first.pid}/${name}`))] as const;
  return fixedFolder([
    ...SYSTEM_FILES.map(({ name, write }) => [name, file(() => write(system))] as const),
    ["sys/net", networkSettings(system)],
    toFirst("mounts"),
    toFirst("net"),
  ]);
}

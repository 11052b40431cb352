import type { NetworkSetting } from "../../checkpoint/index.ts";
import type { Difference, System } from "../model.ts";
import { file, fixedFolder, folder } from "../nodes.ts";
import type { FolderNode } from "../nodes.ts";
import { detailsOf } from "../task-facts.ts";

/** The sysctls of the network namespace of the first process, as text below /proc/sys/net. None where it was not dumped. */
async function settingsOf({ checkpoint, images, first }: System): Promise<readonly NetworkSetting[]> {
  if (first === undefined) return [];
  const { namespaces } = await detailsOf({ checkpoint, images, process: first, tid: first.pid });
  const networks = await images.keep("networks", async () => (await checkpoint.networks()).value);
  return networks.find(({ id }) => id === namespaces.net)?.settings ?? [];
}

const PREFIX = "net/";

/** `sys/net`: `ipv4/conf/DEVICE`, `ipv6/conf/DEVICE` and a few beside them. */
export function networkSettings(system: System): FolderNode {
  const made = async (): Promise<FolderNode> =>
    fixedFolder(
      (await settingsOf(system)).map(
        ({ path, value }) => [path.slice(PREFIX.length), file(() => Promise.resolve(`${value}\n`))] as const,
      ),
    );
  return folder(
    async () => (await made()).list(),
    async (name) => (await made()).child(name),
  );
}

export const NETWORK_SETTINGS = {
  name: "sys/net/",
  absent: "unless the network namespace was dumped, as it is for containers with one of their own.",
  differences: [
    {
      field: "files",
      frozen: "`ipv4/conf/`, `ipv6/conf/`, `unix/max_dgram_qlen`, `ipv4/ping_group_range`",
      why: "CRIU dumps no others, and of these what it knows by name.",
      // Files that are not there have no lines.
      pattern: /(?!)/g,
      becomes: "",
    },
  ] satisfies readonly Difference[],
};

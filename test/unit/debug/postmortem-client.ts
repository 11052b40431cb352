// A post-mortem session on a checkpoint of the fixtures.
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openCoreTree } from "../../../src/corefile/index.ts";
import { PostmortemSession } from "../../../src/debug/index.ts";
import type { OpenForSession } from "../../../src/debug/index.ts";
import { dapClient } from "./dap-client.ts";
import type { DapClient } from "./dap-client.ts";

/** Opens what a configuration names, as an editor does. */
export const openForTest: OpenForSession = async ({ checkpoint: path, sysroot: root }) => {
  const tree = (await openCoreTree(path)) ?? (await openTree(path));
  const checkpoint = await openCheckpoint(tree, {});
  const sysroot = root === undefined ? undefined : await openTree(root);
  return {
    ...{ checkpoint, sysroot },
    close: async () => {
      await sysroot?.close();
      await checkpoint.close();
      await tree.close();
    },
  };
};

/** A session that has stopped on what `args` name. */
export async function startPostmortem(args: object): Promise<DapClient> {
  const client = dapClient(new PostmortemSession(openForTest));
  await client.get("initialize", { adapterID: "cryoscope", pathFormat: "path" });
  await client.get("launch", { mode: "postmortem", ...args });
  await client.event("initialized");
  await client.get("configurationDone");
  return client;
}

import { posix } from "node:path";
import { extract } from "tar-stream";
import { READER_LABEL } from "./docker-fetch.ts";
import type { Transport } from "./transport.ts";

/** The end of a log is enough: CRIU's errors are its last words. */
const TAIL = 1024 * 1024;
const PATIENCE = 10_000;

/**
 * The end of a file on the engine's machine, read as `fetchFolder` reads folders: through a container that is never
 * started. Undefined when it can't be read. `image` is any container image that is there.
 */
export async function readEngineFile(
  transport: Transport,
  image: string,
  path: string,
): Promise<string | undefined> {
  if (!posix.isAbsolute(path) || image === "") return undefined;
  const Source = posix.dirname(path);
  const reader = await transport.docker
    .createContainer({
      Image: image,
      Entrypoint: ["/never-started"],
      Cmd: [],
      Labels: { [READER_LABEL]: "" },
      HostConfig: {
        NetworkMode: "none",
        Mounts: [{ Type: "bind", Source, Target: "/cryoscope/read", ReadOnly: true }],
      },
      abortSignal: AbortSignal.timeout(PATIENCE),
    })
    .catch(() => undefined);
  if (reader === undefined) return undefined;
  try {
    const answer = await transport.send({
      method: "GET",
      path: `/containers/${reader.id}/archive`,
      query: { path: `/cryoscope/read/${posix.basename(path)}` },
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status !== 200) {
      answer.body.destroy();
      return undefined;
    }
    const tar = extract();
    answer.body.once("error", (error) => tar.destroy(error)).pipe(tar);
    for await (const entry of tar) {
      // A stream of tar-stream's own kind, which its types don't say can be iterated.
      const end = await tailOf(entry as unknown as AsyncIterable<Buffer>);
      if (entry.header.type === "file") return end.toString("utf8");
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await reader.remove({ force: true }).catch(() => undefined);
  }
}

async function tailOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) end = Buffer.concat([end, chunk]).subarray(-TAIL);
  return end;
}

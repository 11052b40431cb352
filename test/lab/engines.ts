/** Asking the lab's engines whether they are there. */
import { request } from "node:http";
import { DOCKER_SOCKET, PODMAN_SOCKET } from "./sockets.ts";

/** The answer's status to a GET on a socket's engine; undefined if nobody answers. */
function status(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, timeout: 2000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => {
      resolve(undefined);
    });
    asked.end();
  });
}

/** Which engines don't answer. */
export async function silentEngines(): Promise<string[]> {
  const pings = {
    docker: [DOCKER_SOCKET, "/_ping"],
    podman: [PODMAN_SOCKET, "/v5.0.0/libpod/_ping"],
  } as const;
  const answers = await Promise.all(
    Object.entries(pings).map(async ([engine, [socket, path]]) => ({
      engine,
      status: await status(socket, path),
    })),
  );
  return answers.filter((answer) => answer.status !== 200).map(({ engine }) => engine);
}

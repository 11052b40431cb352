// A server on loopback that a kubeconfig names, for the time of a test.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const TOKEN = "a-token";

export interface KubeStub extends AsyncDisposable {
  readonly server: Server;
  /** Where its kubeconfig lies. */
  readonly folder: string;
}

/** Serves as the current context `test` (and as `stranger@test`, whose token is a wrong one) until disposed. */
export async function startKubeStub(answer: RequestListener): Promise<KubeStub> {
  const folder = await mkdtemp(join(tmpdir(), "cryoscope-kube-"));
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const user = (name: string, token: string) => ({ name, user: { token } });
  const context = (name: string, who: string) => ({
    name,
    context: { cluster: "test", user: who, namespace: "shop" },
  });
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      { name: "test", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
    ],
    users: [user("me", TOKEN), user("stranger", "wrong")],
    contexts: [context("test", "me"), context("stranger@test", "stranger")],
  };
  await writeFile(join(folder, "config"), JSON.stringify(config));
  const { KUBECONFIG } = process.env;
  process.env.KUBECONFIG = join(folder, "config");
  return {
    server,
    folder,
    async [Symbol.asyncDispose]() {
      if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = KUBECONFIG;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

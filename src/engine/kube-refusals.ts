// What a kubelet, or the API server on the way to it, means when it doesn't freeze.
import { refusalMessage } from "./answers.ts";
import { criuError, logNamedIn } from "./checkpoint-folder.ts";
import { engineErrors } from "./errors.ts";
import { refused } from "./kube-ask.ts";
import type { KubeAnswer } from "./kube-ask.ts";
import type { KubeCluster } from "./kube-client.ts";
import { kubeErrors } from "./kube-errors.ts";

/** A runtime without it (gRPC's code of CRI), and the words of CRI-O and containerd for a node without CRIU. */
const CANNOT =
  /not implemented|code = Unimplemented|checkpoint\/restore support not available|CRIU binary not found|criu support is disabled/i;

/**
 * The kubelet's words are bare text (its server.go), those of the API server a `Status`. The log that the runtime names lies on
 * the node; it is read where this process runs there itself.
 */
export async function freezeRefused(
  cluster: KubeCluster,
  node: string,
  container: string,
  { status, content }: KubeAnswer,
): Promise<Error> {
  const said = refusalMessage({ content }).trim();
  if (status === 401 || status === 403) return kubeErrors.mayNotCheckpoint(node);
  if (status === 404 && /^(pod|container .*) does not exist$/.test(said))
    return engineErrors.noSuchContainer(container);
  if (status === 404 || CANNOT.test(said)) return kubeErrors.noCheckpointApi(node, said);
  if (!/criu failed/i.test(said)) return refused(cluster, status, content);
  return criuError("freeze", logNamedIn(said), { code: 1, stdout: "", stderr: said });
}

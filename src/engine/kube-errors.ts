import { brief, failed } from "./errors.ts";

/** What goes wrong with a cluster only. */
export const kubeErrors = {
  noContext: (context: string) =>
    failed(
      "noContext",
      context === ""
        ? "The kubeconfig has no current context."
        : `The kubeconfig has no context "${brief(context)}".`,
      "See kubectl config get-contexts.",
    ),
  notSignedIn: (context: string) =>
    failed(
      "notSignedIn",
      `The cluster of the context ${brief(context)} doesn't know you.`,
      "Sign in to it again, as for kubectl.",
    ),
  mayNotCheckpoint: (node: string) =>
    failed(
      "mayNotCheckpoint",
      `You may not ask the kubelet of ${brief(node)} for checkpoints.`,
      "It takes the right create on nodes/proxy (and on nodes/checkpoint for the kubelet).",
    ),
  mayNotRun: (namespace: string) =>
    failed(
      "mayNotRun",
      `You may not run a command in a pod of the namespace ${brief(namespace)}, so the archive stays on its node.`,
      "It takes the rights get and create on pods/exec there.",
    ),
  noCheckpointApi: (node: string, said: string) =>
    failed(
      "noCheckpointApi",
      `The kubelet of ${brief(node)} doesn't offer this: ${brief(said)}.`,
      "It needs Kubernetes 1.25 or later with the feature gate ContainerCheckpoint, and CRI-O or containerd with CRIU.",
    ),
  badSelector: (selector: string, why: string) =>
    failed(
      "badSelector",
      `"${brief(selector)}" is not a label selector: ${brief(why)}.`,
      "Write it as app=web,tier!=cache or tier in (web, cache).",
    ),
  isFreezing: (container: string) =>
    failed(
      "isFreezing",
      `${brief(container)} is being frozen already.`,
      "Wait until that has ended: the kubelet would write both archives into one file.",
    ),
  mayNotFreezePods: (namespace: string) =>
    failed(
      "mayNotFreezePods",
      `You may not freeze whole pods in the namespace ${brief(namespace)}.`,
      "It takes the rights create, get and delete on podcheckpoints there.",
    ),
  podNotFrozen: (pod: string, said: string) =>
    failed(
      "podNotFrozen",
      `The cluster could not freeze the pod ${brief(pod)}: ${brief(said)}.`,
      "The container runtime of its node must be able to (CRI's CheckpointPod); or freeze a container of it alone.",
    ),
  mayNotRestorePods: (checkpoint: string, said: string) =>
    failed(
      "mayNotRestorePods",
      `The cluster doesn't let you start a pod from ${brief(checkpoint)}: ${brief(said)}.`,
      "It takes the right restore on that podcheckpoint, and create on pods.",
    ),
  podNotRestored: (pod: string, said: string) =>
    failed(
      "podNotRestored",
      `The pod ${brief(pod)} was made, but it doesn't run yet: ${brief(said)}.`,
      "The kubelet tries again by itself; kubectl describe pod tells more. Delete the pod to give up.",
    ),
};

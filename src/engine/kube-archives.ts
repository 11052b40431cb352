// The kubelet calls an archive `checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar`, TIME being RFC 3339 by the node's clock, to the
// second (kubelet.go: CheckpointContainer). Of two archives of one second the later takes the place of the earlier.
import { setTimeout as sleep } from "node:timers/promises";

const SECOND = 1000;
const TIME = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))\.tar$/;

/**
 * Ends when the container's next archive gets another name than `path`. `answered` is what the node's clock showed when it
 * answered, in milliseconds since 1970; where it isn't known, a second from now.
 */
export async function nameIsPast(path: string, answered: number | undefined): Promise<void> {
  const named = Date.parse(TIME.exec(path)?.[1] ?? "");
  if (answered === undefined || Number.isNaN(named) || answered < named + SECOND) await sleep(SECOND);
}

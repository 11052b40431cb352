import { setTimeout as sleep } from "node:timers/promises";
import type { DockerCalls } from "./docker-calls.ts";
import type { EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** dockerd's own clean-up after a checkpoint takes up to 0.3 s; ten times that is given. */
const RETRIES = 60;
const RETRY_DELAY = 50;
const REST = 300;
/** An event is found by its date, which is some milliseconds old when it is asked for. */
const LOOK_BACK = 2 * REST;

/**
 * Right after a checkpoint dockerd's containerd may still hold the upload of the last one: "content sha256:… already
 * exists" (moby#42900), also for the next checkpoint. It passes by itself within some tenths of a second.
 */
export class DockerUploads {
  /** Of the last checkpoint or start from one by this process, by `performance.now()`. */
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly transport: Transport,
    private readonly calls: DockerCalls,
  ) {}

  /**
   * Makes a call that uploads, again where the last upload is in its way. With `once` it can't be made again, for a
   * container that a checkpoint stops is lost then: so it keeps its distance from the uploads of others, too.
   */
  async past(
    { once = false, container }: { readonly once?: boolean; readonly container: string },
    work: EngineWork,
    call: () => Promise<unknown>,
  ): Promise<void> {
    const options = work.signal ? { signal: work.signal } : {};
    const since = Math.min(performance.now() - this.last, once ? await this.sinceOthers(work) : Infinity);
    if (since < REST) await sleep(REST - since, undefined, options);
    for (let attempt = 0, lost = false; ; attempt++) {
      try {
        await call();
        this.last = performance.now();
        return;
      } catch (error) {
        const code = at(error, "code");
        if (lost && code === "engine.notRunning") throw engineErrors.checkpointLost(container, error);
        if (code !== "engine.contentExists" || attempt >= RETRIES) throw error;
        lost = once;
        work.onProgress?.({ phase: "waiting" });
        await sleep(RETRY_DELAY, undefined, options);
      }
    }
  }

  /** Milliseconds since anyone's last checkpoint or start, told by the daemon's events; whose dates are its machine's. */
  private async sinceOthers(work: EngineWork): Promise<number> {
    if (this.transport.host !== "127.0.0.1") return Infinity;
    const now = Date.now();
    const query = {
      since: ((now - LOOK_BACK) / 1000).toFixed(3),
      until: (now / 1000).toFixed(3),
      filters: JSON.stringify({ type: ["container"], event: ["checkpoint", "start"] }),
    };
    const events = await this.calls.get("/events", query, {}, work).catch(() => undefined);
    // One is an object, several are lines of them.
    const lines = typeof events === "string" ? events : JSON.stringify(events ?? "");
    const dates = [...lines.matchAll(/"timeNano":(\d{16,20})/g)].map((one) => Number(one[1]) / 1e6);
    return Math.max(0, now - Math.max(...dates, Number.NEGATIVE_INFINITY));
  }
}

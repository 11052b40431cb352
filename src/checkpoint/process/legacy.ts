import type { MessageMap } from "../../criu/index.ts";
import type { Layer } from "../layers.ts";
import type { Report } from "../problems.ts";
import { readRecords } from "../records.ts";

type Core = MessageMap["core_entry"];

/** More entries than any of these images ever had: a bound for hostile ones. */
const MAX_ENTRIES = 4096;

/**
 * What CRIU before 1.3 wrote into images of their own and later ones into core: credentials, signal actions, limits,
 * timers, pending signals. Each is read only where the core image lacks it and the old image is there.
 */
export async function withLegacyParts(layer: Layer, tid: number, core: Core, report: Report): Promise<Core> {
  const read = <
    Name extends
      "creds_entry" | "sa_entry" | "rlimit_entry" | "itimer_entry" | "posix_timer_entry" | "siginfo_entry",
  >(
    file: string,
    name: Name,
  ): Promise<readonly MessageMap[Name][]> =>
    readRecords(layer, `${file}-${tid}.img`, name, report, MAX_ENTRIES);
  const has = (file: string): boolean => layer.files.has(`${file}-${tid}.img`);

  let { tc, thread_core: thread } = core;
  if (thread && !thread.creds && has("creds")) {
    const [creds] = await read("creds", "creds_entry");
    if (creds) thread = { ...thread, creds };
  }
  if (thread && !thread.signals_p && has("signal-p"))
    thread = { ...thread, signals_p: { signals: await read("signal-p", "siginfo_entry") } };
  if (tc && tc.sigactions.length === 0 && has("sigacts"))
    tc = { ...tc, sigactions: await read("sigacts", "sa_entry") };
  if (tc && !tc.rlimits && has("rlimit"))
    tc = { ...tc, rlimits: { rlimits: await read("rlimit", "rlimit_entry") } };
  if (tc && !tc.signals_s && has("signal-s"))
    tc = { ...tc, signals_s: { signals: await read("signal-s", "siginfo_entry") } };
  if (tc && !tc.timers && has("itimers")) {
    const [real, virt, prof] = await read("itimers", "itimer_entry");
    if (real && virt && prof)
      tc = { ...tc, timers: { real, virt, prof, posix: await read("posix-timers", "posix_timer_entry") } };
  }
  return { ...core, ...(tc && { tc }), ...(thread && { thread_core: thread }) };
}

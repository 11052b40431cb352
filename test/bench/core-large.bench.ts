import { coreOf } from "./core.bench.ts";
import type { Bench } from "./run.ts";

/** A limit to keep: 200 MiB of memory, whatever the size. */
export const bench: Bench = {
  title: "an ELF core of 2 GiB",
  rounds: 3,
  prepare: async () => [(await coreOf(2 * 1024 ** 3)).side],
};

import assert from "node:assert/strict";
import { timersOf } from "../../../src/checkpoint/process/timers.ts";

describe("POSIX timers", () => {
  // `clock_id` as CRIU 4.2.1 stored it of timer_create(2) with these clocks, and of clock_getcpuclockid(3) of process 1234.
  const cases = [
    [1, "CLOCK_MONOTONIC", 1],
    [11, "CLOCK_TAI", 11],
    [4294967290, "CLOCK_PROCESS_CPUTIME_ID", -6],
    [4294967294, "CLOCK_THREAD_CPUTIME_ID", -2],
    [4294957418, "CLOCK_PROCESS_CPUTIME_ID of 1234", -9878],
  ] as const;
  for (const [stored, clock, clockId] of cases)
    it(`of clock ${stored} are those of ${clock}`, () => {
      const none = { isec: 0n, iusec: 0n, vsec: 0n, vusec: 0n };
      const { posix } = timersOf({
        real: none,
        virt: none,
        prof: none,
        posix: [
          {
            it_id: 3,
            clock_id: stored,
            si_signo: 12,
            it_sigev_notify: 0,
            sival_ptr: 0n,
            overrun: 0,
            isec: 0n,
            insec: 0n,
            vsec: 1n,
            vnsec: 5n,
          },
        ],
      });
      assert.deepEqual(
        posix.map((timer) => [timer.clock, timer.clockId, timer.remaining]),
        [[clock, clockId, 1_000_000_005n]],
      );
    });
});

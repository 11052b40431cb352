import { linearMemory } from "../../bytes/index.ts";
import { Gatherer } from "./gather.ts";
import { STRETCH_COLUMNS } from "./messages.ts";
import type { Job, JobResult } from "./messages.ts";
import type { WorkerPattern } from "./pattern.ts";
import { Stretches } from "./stretches.ts";
import { LINES_SLACK, writeLinesIn } from "./string-lines.ts";
import { stringFinder } from "./find-strings.ts";

/** What the loop keeps for itself. */
const HEADER = 64;

/**
 * Does jobs of at most `size` places: all their strings as lines, without a row for each, of which there can be a hundred
 * thousand. A string that goes on behind its stretch has a row: where its line ends, for the rest to be put there.
 */
export function linesRunner(
  { min, encoding }: WorkerPattern & { kind: "strings" },
  size: number,
): (job: Job) => JobResult {
  const start = HEADER + size + LINES_SLACK;
  // One new line more than bytes for each stretch; stretches are pages.
  const room = size + Math.ceil(size / 64);
  const memory = linearMemory(start + room + LINES_SLACK);
  const bytes = Buffer.from(memory.buffer);
  const content = bytes.subarray(HEADER, HEADER + size);
  const write = writeLinesIn(memory, min, encoding, 0);
  const { skipBegun } = stringFinder(min, encoding, memory);

  return (job) => {
    new Gatherer(content, job).fill(0, size);
    const window = { base: -HEADER, start: 0, stop: size, end: size };
    const stretches = new Stretches(job.stretches, 0, job.stretches.length / STRETCH_COLUMNS, window);
    const rows: number[] = [];
    let out = start;
    let count = 0;
    for (let index = 0; index < stretches.length; index++) {
      const [stop, end] = [stretches.stop(index), stretches.end(index)];
      const from = skipBegun(stretches.from(index), stretches.start(index), stop);
      if (out + end - from >= start + room) throw new RangeError("more lines than bytes");
      const lines = write(from, stop, end, out);
      ({ out } = lines);
      count += lines.count;
      // Its line ends before the new line.
      if (lines.last === end && end > stop) rows.push(end - HEADER, 0, index, out - start - 1);
    }
    const matches = new Float64Array(rows);
    const given = new Uint8Array(out - start);
    given.set(bytes.subarray(start, out));
    return { id: job.id, matches, contexts: new Uint32Array(0), bytes: given, count, error: undefined };
  };
}

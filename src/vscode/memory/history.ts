// *Show Shell History*: what was typed into shells, as lines of the view *Memory Matches*.
import { keepsHistory, readHistory } from "../../analysis/index.ts";
import type { SearchScope } from "./scope.ts";
import type { MemorySearch } from "./search.ts";

/** Reads the history of a process, or of all shells of checkpoints. Gives how many lines there are. */
export function showHistory(search: MemorySearch, scope: SearchScope): Promise<number> {
  return search.runLook(scope, {
    text: "shell history",
    filter: {},
    things: { one: "line", many: "lines" },
    async *steps(memories, { filter, signal }) {
      for (const memory of memories) {
        const pids = memory.pids.filter((pid) => filter.pids?.has(pid) ?? true);
        for (const [index, pid] of pids.entries()) {
          const space = await memory.space(pid);
          const lines =
            filter.pids === undefined && !keepsHistory(space) ? [] : await readHistory(memory, pid, signal);
          const matches = lines.map(({ text, time, number, lineAddress: address }) => {
            const bytes = Buffer.from(text);
            return {
              name: nameOf(number, time),
              ...{ pid, address, length: bytes.length, space, bytes },
              sightings: [{ pid, address }],
              before: NOTHING,
              after: NOTHING,
            };
          });
          yield {
            memory,
            count: matches.length,
            matches: () => matches,
            searched: index + 1,
            total: pids.length,
          };
        }
      }
    },
  });
}

function nameOf(number: number | undefined, time: bigint | undefined): string {
  const when = time === undefined ? "" : new Date(Number(time) * 1000).toLocaleString();
  return [number === undefined ? "deleted" : String(number), ...(when === "" ? [] : [when])].join(" · ");
}

const NOTHING = new Uint8Array(0);

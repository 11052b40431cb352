import type { EngineProgress } from "../../engine/index.ts";

/** The steps of a restore by the engine's names of them; the line before has said what is restored. */
const STEPS: Readonly<Record<string, string>> = {
  waiting: "The engine is still at something else …",
  stopping: "The container that runs is being stopped …",
  "making processes": "CRIU is making its processes …",
  namespaces: "CRIU is restoring its namespaces …",
  files: "CRIU is opening its files …",
  memory: "CRIU is filling its memory …",
  continuing: "CRIU is letting it go on …",
};

const SLOW_MILLISECONDS = 1000;

export interface RestoreSteps {
  on(progress: Pick<EngineProgress, "criu"> & { readonly phase: string }): void;
  /** It is over: nothing is said any more. */
  end(): void;
}

/** Says each step of a restore that lasts for a second, once. */
export function restoreSteps(log: (line: string) => void, slow = SLOW_MILLISECONDS): RestoreSteps {
  const said = new Set<string>();
  let now: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    on({ phase, criu }) {
      const step = STEPS[criu ?? phase];
      // CRIU tells of a step again for each process.
      if (step === now) return;
      clearTimeout(timer);
      now = step;
      if (step === undefined || said.has(step)) return;
      timer = setTimeout(() => {
        said.add(step);
        log(step);
      }, slow);
    },
    end() {
      clearTimeout(timer);
    },
  };
}

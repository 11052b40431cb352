import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { restoreSteps } from "../../../src/vscode/debug/restore-steps.ts";

describe("the steps of a restore in the debug console", () => {
  it("are said once each, in order, where they take their time", async () => {
    const lines: string[] = [];
    const steps = restoreSteps((line) => lines.push(line), 0);
    const restoring = "restoring" as const;
    for (const progress of [
      { phase: "stopping" },
      { phase: restoring },
      { phase: restoring, criu: "files" },
      { phase: restoring, criu: "files" },
      { phase: restoring, criu: "memory" },
      // Of the next process.
      { phase: restoring, criu: "files" },
    ] as const) {
      steps.on(progress);
      await sleep(30);
    }
    steps.end();
    assert.deepEqual(lines, [
      "The container that runs is being stopped …",
      "CRIU is opening its files …",
      "CRIU is filling its memory …",
    ]);
  });

  it("are none where they are over at once", async () => {
    const lines: string[] = [];
    const steps = restoreSteps((line) => lines.push(line), 60_000);
    for (const criu of ["files", "memory", "continuing"] as const) steps.on({ phase: "restoring", criu });
    steps.end();
    await sleep(20);
    assert.deepEqual(lines, []);
  });
});

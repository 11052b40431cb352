import type { ProcFile } from "../model.ts";
import { detailsOf, threadOf } from "../task-facts.ts";

/** `kernel/cgroup/cgroup.c: proc_cgroup_show`, the unified hierarchy (0) last. */
export const cgroup: ProcFile = {
  name: "cgroup",
  perThread: true,
  write: async (task) => {
    const set = (await threadOf(task))?.cgroupSet ?? (await detailsOf(task)).cgroupSet;
    const [table] = await task.images.all("cgroup.img", "cgroup_entry", { limit: 1 });
    const controllers = table?.sets.find(({ id }) => id === set)?.ctls;
    if (controllers === undefined) return undefined;
    const named = controllers.filter(({ name }) => name !== "");
    const lines = named.map(({ name, path }, index) => `${named.length - index}:${name}:${path}\n`);
    const unified = controllers.filter(({ name }) => name === "").map(({ path }) => `0::${path}\n`);
    return [...lines, ...unified].join("");
  },
  absent:
    "unless cgroup.img says where the process was: CRIU writes it where cgroups are managed or differ from its own.",
  differences: [
    {
      field: "hierarchy number and order of lines",
      frozen: "counted down, by name of the controller",
      why: "The kernel numbers hierarchies as they are mounted; the numbers are not dumped.",
      pattern: /^[1-9]\d*:/gm,
      becomes: "*:",
      unordered: true,
    },
  ],
};

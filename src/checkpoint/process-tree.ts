export interface Family {
  /** Children by parent pid, in the order given. */
  readonly children: ReadonlyMap<number, readonly number[]>;
  /** Tasks without a parent among those given. */
  readonly roots: readonly number[];
}

/**
 * Makes a forest of parent pids. A task that is its own ancestor (no real dump has one) is cut from its parent and
 * told to `onCycle`, so that walking `children` from `roots` meets every task exactly once.
 */
export function linkTree(
  tasks: readonly { readonly pid: number; readonly ppid: number }[],
  onCycle: (pid: number) => void,
): Family {
  const parentOf = new Map(tasks.map(({ pid, ppid }) => [pid, ppid]));
  const settled = new Set<number>();
  for (const { pid } of tasks) {
    const path = new Set<number>();
    let at: number | undefined = pid;
    while (at !== undefined && !settled.has(at) && parentOf.has(at)) {
      if (path.has(at)) {
        onCycle(at);
        parentOf.set(at, 0);
        break;
      }
      path.add(at);
      const parent = parentOf.get(at);
      // Pid 0 is no task: the roots of a dump have it as their parent.
      at = parent === 0 ? undefined : parent;
    }
    for (const seen of path) settled.add(seen);
  }
  const children = new Map<number, number[]>();
  const roots: number[] = [];
  for (const { pid } of tasks) {
    const parent = parentOf.get(pid) ?? 0;
    const siblings = children.get(parent);
    if (parent === 0 || !parentOf.has(parent)) roots.push(pid);
    else if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  return { children, roots };
}

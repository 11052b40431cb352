import type { NamespaceFacts } from "../../checkpoint/index.ts";
import type { System, SystemFile } from "../model.ts";

type Uts = Extract<NamespaceFacts, { readonly type: "uts" }>;

/** What the uts namespace of the first process was called; undefined where it was not dumped. */
async function utsOf({ checkpoint, images, first }: System): Promise<Uts | undefined> {
  const namespaces = await images.keep("namespaces", async () => (await checkpoint.namespaces()).value);
  const found = namespaces.find(({ kind, pids }) => kind === "uts" && pids.includes(first?.pid ?? 0));
  return found?.facts?.type === "uts" ? found.facts : undefined;
}

const NOT_DUMPED = "unless the uts namespace was dumped, as it is for containers.";

/** `kernel/utsname_sysctl.c`. */
export const hostname: SystemFile = {
  name: "sys/kernel/hostname",
  absent: NOT_DUMPED,
  write: async (system) => {
    const uts = await utsOf(system);
    return uts && `${uts.nodename}\n`;
  },
  differences: [],
};

export const domainname: SystemFile = {
  name: "sys/kernel/domainname",
  absent: NOT_DUMPED,
  write: async (system) => {
    const uts = await utsOf(system);
    return uts && `${uts.domainname}\n`;
  },
  differences: [],
};

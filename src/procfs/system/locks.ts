import { LOCK_DIFFERENCE, lockText } from "../fd/fdinfo.ts";
import type { SystemFile } from "../model.ts";

/** `fs/locks.c: locks_show`. */
export const locks: SystemFile = {
  name: "locks",
  absent: "unless locks were dumped (`--file-locks`).",
  write: async ({ images }) => {
    if (!images.has("filelocks.img")) return undefined;
    const entries = await images.all("filelocks.img", "file_lock_entry");
    return entries.map((lock, index) => `${index + 1}: ${lockText(lock)}\n`);
  },
  differences: [
    LOCK_DIFFERENCE,
    {
      field: "number and order; locks of other processes",
      frozen: "counted in the order of the image",
      why: "The kernel lists locks as it keeps them for each CPU. Only those of dumped processes are in a checkpoint.",
      pattern: /^\d+: /gm,
      becomes: "",
      unordered: true,
    },
  ],
};

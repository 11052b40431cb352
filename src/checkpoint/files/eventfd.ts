import { fileKind } from "./kind.ts";

/** A counter of eventfd(2). */
export interface EventCounter {
  readonly kind: "eventfd";
  readonly counter: bigint;
  /** Reading takes one, not all. Undefined where the image doesn't tell, as those of CRIU up to 4.2 don't. */
  readonly semaphore: boolean | undefined;
}

const EFD_SEMAPHORE = 1;

export const EVENTFD = fileKind(
  "EVENTFD",
  "efd",
  (file) => ({
    description: `eventfd, counter ${file.counter}`,
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "eventfd",
      counter: file.counter,
      semaphore: (file.flags & EFD_SEMAPHORE) !== 0 ? true : undefined,
    },
  }),
  { file: "eventfd.img", message: "eventfd_file_entry" },
);

import { UNAVAILABLE } from "../../memory/index.ts";
import type { FileOrigin, PageOrigin } from "../../memory/index.ts";
import type { MemoryOrigin } from "../../protocol/index.ts";

const FILES: Readonly<Record<FileOrigin, string>> = {
  ghost: "the images, which have the deleted file",
  "rootfs-diff": "the container's changed files",
  sysroot: "the sysroot",
};

/** An origin as the gutter and its tooltip show it. */
export function originLook(origin: PageOrigin): MemoryOrigin {
  switch (origin.kind) {
    case "dumped":
      return { kind: "dumped", letter: "D", words: "dumped here" };
    case "layer":
      return { kind: "layer", letter: String(origin.layer), words: `from parent layer ${origin.layer}` };
    case "file":
      return { kind: "file", letter: "F", words: `from ${origin.path}, found in ${FILES[origin.from]}` };
    case "zero":
      return { kind: "zero", letter: "Z", words: "never written: zero" };
    case "unavailable":
      return { kind: "unavailable", letter: "–", words: `not available: ${UNAVAILABLE[origin.why]}` };
  }
}

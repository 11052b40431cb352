// CRIU's image files, one by one.
import type { CommandRow } from "../command.ts";
import { KEY_OPTIONS } from "./options.ts";

export const IMAGES: readonly CommandRow[] = [
  {
    name: "decode",
    summary: "an image as JSON, as crit decodes it",
    usage: `cryoscope decode IMAGE [--json] [--plain] [--key FILE]…
       cryoscope decode IMAGE… -o FOLDER [--plain] [--key FILE]…

IMAGE is one file of a checkpoint, such as core-1.img. The output is always JSON.

  -o, --output FOLDER      write NAME.json into FOLDER for each image, instead of printing
  --json, --pretty         as crit decode --pretty prints it, with names of flags and hexadecimal numbers
                           (what it is anyway)
  --plain                  as crit decode prints it without --pretty: plain numbers, on one line
${KEY_OPTIONS}`,
    load: () => import("../decode.ts"),
  },
  {
    name: "encode",
    summary: "JSON of crit's form as an image, as crit encodes it",
    usage: `cryoscope encode JSON -o IMAGE

JSON is a file as \`cryoscope decode\` and \`crit decode\` print it, pretty or plain; - is standard input.

  -o, --output IMAGE       the file to write; it appears whole or not at all`,
    load: () => import("../encode.ts"),
  },
  {
    name: "spans",
    summary: "what each byte of an image is, as JSON lines",
    usage: `cryoscope spans IMAGE [--key FILE]…

One line {"start":…,"end":…,"kind":…,"path":…} for every stretch of the file, from its first byte to its last, without
gap or overlap. Kinds: magic, size, tag, value, payload, padding, seal, unknown.

${KEY_OPTIONS}`,
    load: () => import("../spans.ts"),
  },
];

// Sealing and unsealing copies; all other commands read sealed checkpoints where they lie.
import type { CommandRow } from "../command.ts";
import { KEY_OPTIONS } from "./options.ts";

export const SEALED: readonly CommandRow[] = [
  {
    name: "seal",
    summary: "a sealed copy of a checkpoint, to be passed on",
    usage: `cryoscope seal CHECKPOINT --recipient RECIPIENT… -o OUT [--key FILE]…

RECIPIENT is one of age (age1…, "ssh-ed25519 …", "ssh-rsa …", or a file of such lines): OUT is then an archive that
\`age -d\` opens too. Or it is the file of an RSA certificate or public key (PEM): OUT is then a folder of images as
\`criu dump --encrypt\` writes them. A file that is sealed as a whole is opened with --key first.

  -r, --recipient WHO      for whom; of age there may be several
  --new-passphrase-file F  seal with age and the passphrase on the first line of F, instead of for a recipient
  -o, --output OUT         what to write; it must not be there yet
${KEY_OPTIONS}`,
    load: () => import("../seal.ts"),
  },
  {
    name: "unseal",
    summary: "plain files of a sealed checkpoint",
    usage: `cryoscope unseal CHECKPOINT --key FILE… -o DIR

Everything else in Cryoscope reads sealed checkpoints where they lie; this writes their plaintext to disk. Files that
are not authentic are named and left out (exit status 1). Pages have one digest for all of them: where it is broken, they
are written, and that is said (exit status 1).

  -o, --output DIR         a folder to fill: a new one, or an empty one
${KEY_OPTIONS}`,
    load: () => import("../unseal.ts"),
  },
];

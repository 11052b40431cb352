// Options that several commands take, as their help lists them.

export const KEY_OPTIONS = `  --key FILE               key of a sealed checkpoint (docs/sealed.md); "gpg-agent" is the user's gpg; may be repeated
  --passphrase-file FILE   a passphrase, of a key or of the checkpoint, on the first line of FILE; may be repeated
  --openssl-enc WORDS      what \`openssl enc\` was called with: "-aes-256-cbc -pbkdf2 -iter 200000"
  --max-inflated SIZE      how far a packed archive may inflate: 20G; else until the disk is full, or it looks like a bomb`;

export const RAW_OPTION = `  --raw                    a container image as the files it is stored in, not as the checkpoint in it`;

export const FILTER_OPTIONS = `  --pid N                  only this process; may be repeated
  --prot P                 only memory with these rights: w, rx; r-x is exactly these
  --range START-END        only these addresses
  --kind K                 only heap, stack, anonymous, file, shared, memfd, sysv …; may be repeated
  --dirty                  only what the newest layer wrote`;

// The one file that imports the library: bundled apart, and loaded for the first OpenSSH key with a passphrase.
export { pbkdf } from "bcrypt-pbkdf";

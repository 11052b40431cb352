// The one file that imports the library: bundled apart, and loaded when the first age file is opened.
export { Decrypter, Encrypter, Stanza } from "age-encryption";

// Loaded before tests (`node --import`): a runtime whose crypto has fewer ciphers than Node's, such as VS Code's. What
// our own code asks for all the same is refused, as it would be there; tests may use everything.
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** About what Electron's BoringSSL has, not read from one: no ChaCha20-Poly1305, XTS, key wrap or CFB. */
const ELECTRON = ["128", "192", "256"]
  .flatMap((bits) => ["cbc", "ctr", "ecb", "gcm", "ofb"].map((mode) => `aes-${bits}-${mode}`))
  .concat("des-cbc", "des-ecb", "des-ede", "des-ede-cbc", "des-ede3-cbc", "rc2-cbc", "rc4");
/** The one without which there is no way at all. */
const LEAST = ["aes-256-ecb"];

const available = process.env["CRYOSCOPE_TEST_CIPHERS"] === "electron" ? ELECTRON : LEAST;
const [decipheriv, cipheriv] = [crypto.createDecipheriv, crypto.createCipheriv];

function refuseToUs(name: string): void {
  if (available.includes(name)) return;
  const [, , , caller = ""] = (new Error().stack ?? "").split("\n");
  // Keys of OpenSSH are deciphered by the runtime: every one has AES for them.
  if (/\/src\/seal\/(?!ssh\/)/.test(caller)) throw new Error(`Unknown cipher ${name}`);
}

crypto.getCiphers = () => [...available];
crypto.createDecipheriv = ((...args: Parameters<typeof decipheriv>) => {
  refuseToUs(args[0]);
  return decipheriv(...args);
}) as typeof decipheriv;
crypto.createCipheriv = ((...args: Parameters<typeof cipheriv>) => {
  refuseToUs(args[0]);
  return cipheriv(...args);
}) as typeof cipheriv;
syncBuiltinESMExports();

import * as vscode from "vscode";

const CIPHERS = ["cbc", "ctr"].flatMap((mode) => ["256", "192", "128"].map((bits) => `aes-${bits}-${mode}`));
const DIGESTS = ["sha256", "sha512", "sha1", "md5", "sha384", "sha224"];
const KDFS = [
  { label: "-pbkdf2", description: "with a number of iterations", isPbkdf2: true },
  { label: "neither -pbkdf2 nor -iter", description: "openssl's old way, one round", isPbkdf2: false },
];
const DEFAULT_ITERATIONS = "10000";

/** Asks what `openssl enc` was called with, in its own words. undefined when the person doesn't go on. */
export async function askEncWords(file: string): Promise<string | undefined> {
  const title = `What was openssl enc called with for ${file}?`;
  const pick = <T extends vscode.QuickPickItem>(
    items: readonly T[],
    placeHolder: string,
  ): Thenable<T | undefined> =>
    vscode.window.showQuickPick(items, { title, placeHolder, ignoreFocusOut: true });
  const cipher = await pick(
    CIPHERS.map((name) => ({ label: `-${name}` })),
    "The usual parameters don't open it with this passphrase: which cipher?",
  );
  const kdf = cipher && (await pick(KDFS, "How was the key made of the passphrase?"));
  const digest =
    kdf &&
    (await pick(
      DIGESTS.map((name) => ({
        label: `-md ${name}`,
        ...(name === "sha256" && { description: "the default" }),
      })),
      "Which digest?",
    ));
  if (cipher === undefined || kdf === undefined || digest === undefined) return undefined;
  const words = [cipher.label, digest.label];
  if (!kdf.isPbkdf2) return words.join(" ");
  const iterations = await vscode.window.showInputBox({
    title,
    prompt: `-iter: openssl takes ${DEFAULT_ITERATIONS} when it isn't given`,
    value: DEFAULT_ITERATIONS,
    ignoreFocusOut: true,
    validateInput: (text) => (/^[1-9]\d{0,7}$/.test(text.trim()) ? undefined : "A number from 1."),
  });
  return iterations === undefined ? undefined : [...words, "-pbkdf2", "-iter", iterations.trim()].join(" ");
}

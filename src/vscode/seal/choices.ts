import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { isAgeRecipient, passphrase, readRecipients, UNSEAL_WARNING } from "../../seal/index.ts";
import type { SealTarget } from "../../seal/index.ts";

/** One way of sealing, as a row of the question. */
interface Way extends vscode.QuickPickItem {
  readonly target: () => Promise<SealTarget | undefined>;
}

const TITLE = "Seal a Copy";

const WAYS: readonly Way[] = [
  {
    label: "$(person) For recipients of age…",
    detail: "age1…, ssh-ed25519 …, ssh-rsa …: an archive that age -d opens",
    target: typeRecipients,
  },
  {
    label: "$(file) For the recipients in a file…",
    detail: "Lines of recipients of age, or a public key of SSH (id_ed25519.pub)",
    target: () => chooseFile("Choose the Recipients' File", ["txt", "pub", "age"]),
  },
  {
    label: "$(lock) With a passphrase…",
    detail: "An archive that age -d opens; whoever has the passphrase can read it",
    target: typePassphrase,
  },
  {
    label: "$(shield) For a certificate, as CRIU seals…",
    detail: "RSA certificate or public key (PEM): a folder as criu dump --encrypt writes it",
    target: () => chooseFile("Choose the Certificate", ["pem", "crt", "cer", "pub"]),
  },
];

/** Asks for whom, and so in which scheme, a copy is sealed. Throws `seal.notARecipient`. */
export async function chooseTarget(name: string): Promise<SealTarget | undefined> {
  const way = await vscode.window.showQuickPick(WAYS, {
    title: `${TITLE} of ${name}`,
    placeHolder: "Who shall be able to open it?",
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  return way?.target();
}

async function typeRecipients(): Promise<SealTarget | undefined> {
  const split = (text: string): string[] => text.split(/[,\n]|\s+(?=age1|ssh-)/).map((one) => one.trim());
  const typed = await vscode.window.showInputBox({
    title: TITLE,
    prompt: "Recipients of age; several are separated by commas",
    placeHolder: "age1…, ssh-ed25519 …",
    ignoreFocusOut: true,
    validateInput: (text) =>
      split(text).every((one) => one === "" || isAgeRecipient(one))
        ? undefined
        : "A recipient begins with age1, ssh-ed25519 or ssh-rsa.",
  });
  const recipients = typed === undefined ? [] : split(typed).filter((one) => one !== "");
  return recipients.length === 0 ? undefined : readRecipients(recipients);
}

async function chooseFile(title: string, extensions: string[]): Promise<SealTarget | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: "Seal for This",
      filters: { "Certificates and public keys": extensions, "All files": ["*"] },
    })) ?? [];
  return file && readRecipients([file.fsPath]);
}

async function typePassphrase(): Promise<SealTarget | undefined> {
  const ask = (prompt: string, validateInput?: (text: string) => string | undefined) =>
    vscode.window.showInputBox({
      title: TITLE,
      prompt,
      password: true,
      ignoreFocusOut: true,
      ...(validateInput && { validateInput }),
    });
  const text = await ask("A passphrase for the copy; it is kept nowhere.", (typed) =>
    typed === "" ? "It needs a passphrase." : undefined,
  );
  if (text === undefined || text === "") return undefined;
  const again = await ask("The same passphrase again", (typed) =>
    typed === text ? undefined : "It is another one.",
  );
  return again === text
    ? { kind: "passphrase", passphrase: passphrase(text, "the new passphrase") }
    : undefined;
}

/** Where a sealed archive goes. The dialog asks before a file is replaced. */
export async function chooseFileToWrite(source: vscode.Uri): Promise<vscode.Uri | undefined> {
  const name = basename(source.fsPath).replace(/\.age$/, "");
  const isArchive = /\.(tar|tgz|gz|zst|xz|bz2)$/.test(name);
  return vscode.window.showSaveDialog({
    title: TITLE,
    saveLabel: "Seal",
    defaultUri: vscode.Uri.file(join(dirname(source.fsPath), `${name}${isArchive ? "" : ".tar"}.age`)),
    filters: { "Archives of age": ["age"], "All files": ["*"] },
  });
}

/** A new folder in one that the person chooses, named for the checkpoint. `suffix` says what is in it. */
export async function chooseFolderToFill(
  source: vscode.Uri,
  suffix: "sealed" | "plain",
  title: string,
): Promise<vscode.Uri | undefined> {
  const [parent] =
    (await vscode.window.showOpenDialog({
      title,
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: suffix === "sealed" ? "Seal into a Folder Here" : "Write into a Folder Here",
      defaultUri: vscode.Uri.file(dirname(source.fsPath)),
    })) ?? [];
  if (parent === undefined) return undefined;
  const name = basename(source.fsPath).replace(/\.(age|gpg|asc|enc|der|tar|tgz|gz|zst|xz|bz2)\b.*$/, "");
  for (let number = 1; ; number++) {
    const folder = vscode.Uri.joinPath(parent, `${name}-${suffix}${number === 1 ? "" : `-${number}`}`);
    const isThere = await vscode.workspace.fs.stat(folder).then(
      () => true,
      () => false,
    );
    if (!isThere) return folder;
  }
}

/** Whether plaintext may be written: said before anything is. */
export async function confirmPlain(name: string, folder: vscode.Uri): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(
    `Write the plaintext of ${name} to disk?`,
    { modal: true, detail: `${folder.fsPath} ${UNSEAL_WARNING}` },
    "Write in Clear",
  );
  return answer === "Write in Clear";
}

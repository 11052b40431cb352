// Most checkpoints aren't sealed: what opens those that are is loaded when the first of them is met.
import type * as Openers from "./openers.ts";

const openers = (): Promise<typeof Openers> => import("./openers.ts");

export const openAge: typeof Openers.openAge = async (...args) => (await openers()).openAge(...args);
export const openCms: typeof Openers.openCms = async (...args) => (await openers()).openCms(...args);
export const openOpensslEnc: typeof Openers.openOpensslEnc = async (...args) =>
  (await openers()).openOpensslEnc(...args);
export const openPgp: typeof Openers.openPgp = async (...args) => (await openers()).openPgp(...args);
export const openSealedLayout: typeof Openers.openSealedLayout = async (...args) =>
  (await openers()).openSealedLayout(...args);
export const openSealedLayer: typeof Openers.openSealedLayer = async (...args) =>
  (await openers()).openSealedLayer(...args);
export const loadKeyFile: typeof Openers.loadKeyFile = async (...args) =>
  (await openers()).loadKeyFile(...args);
export const parseKeys: typeof Openers.parseKeys = async (...args) => (await openers()).parseKeys(...args);
export const sealAndRemove: typeof Openers.sealAndRemove = async (...args) =>
  (await openers()).sealAndRemove(...args);
export const sealCopy: typeof Openers.sealCopy = async (...args) => (await openers()).sealCopy(...args);
export const unsealCopy: typeof Openers.unsealCopy = async (...args) => (await openers()).unsealCopy(...args);
export const readRecipients: typeof Openers.readRecipients = async (...args) =>
  (await openers()).readRecipients(...args);

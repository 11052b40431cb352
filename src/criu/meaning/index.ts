// meaning: values as people read them. Pure functions from decoded fields to text and parts.
export { partsOf, ROW_LENGTH, showField, showList, showMessage } from "./display.ts";
export { elementName } from "./elements.ts";
export { hexText, quote, showSize } from "./text.ts";
export type { Part } from "./part.ts";
export { auditMachine, auxiliaryName, capabilityName, errorName, limitName, signalName } from "./names.ts";
export { siginfoParts, siginfoSignal, siginfoText } from "./siginfo.ts";
export { seccompParts, seccompText } from "./bpf.ts";
export { syscallName } from "./syscalls.ts";

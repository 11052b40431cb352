import type { ValueControl, ValueForm } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { flagsText, flagsValue, isSet, withBit } from "./flag-bits.ts";
import { inputAttributes } from "./value-control.ts";
import type { Control } from "./value-control.ts";

/** A line with the names of the bits that are set, and a box to tick for each bit that has a name. */
export function flagsControl(
  form: ValueForm,
  { bits }: Extract<ValueControl, { kind: "flags" }>,
  changed: () => void,
): Control {
  const input = element("input", {
    class: "field-box",
    attributes: { type: "text", ...inputAttributes(form) },
  });
  input.value = form.text;
  const boxes = bits.map((bit) => {
    const box = element("input", { attributes: { type: "checkbox" } });
    box.addEventListener("change", () => {
      input.value = flagsText(withBit(flagsValue(input.value, bits) ?? 0n, bit, box.checked), bits);
      tick();
      changed();
    });
    return { bit, box };
  });
  const tick = (): void => {
    const value = flagsValue(input.value, bits);
    for (const { bit, box } of boxes) {
      box.disabled = value === undefined;
      box.checked = value !== undefined && isSet(value, bit);
    }
  };
  input.addEventListener("input", () => {
    tick();
    changed();
  });
  tick();
  const list = boxes.map(({ bit, box }) => {
    const mask = `0x${BigInt(bit.mask).toString(16)}`;
    return element("label", { attributes: { title: mask } }, box, bit.name);
  });
  const below = element(
    "div",
    { class: "flag-list", attributes: { role: "group", "aria-label": "Flags" } },
    ...list,
  );
  return { root: input, input, below, text: () => input.value, hint: "Names joined by |, or a number" };
}

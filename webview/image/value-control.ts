// The controls that values are typed into. A new kind of value is a new row of CONTROLS.
import type { ValueControl, ValueForm } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { flagsControl } from "./flags-control.ts";

/** A control with its value as text. */
export interface Control {
  readonly root: HTMLElement;
  /** What has the focus at first. */
  readonly input: HTMLElement;
  /** What stands under the line, as wide as the editor. */
  readonly below?: HTMLElement;
  text(): string;
  /** What may be typed, in a few words. */
  readonly hint: string;
  /** Enter begins a new line when Shift is held. */
  readonly hasLines?: boolean;
}

type Make<K extends ValueControl["kind"]> = (
  form: ValueForm,
  control: Extract<ValueControl, { kind: K }>,
  changed: () => void,
) => Control;

const CONTROLS: { readonly [K in ValueControl["kind"]]: Make<K> } = {
  number: (form, { min, max }, changed) =>
    lineControl(form, changed, `${min} to ${max}; 0x…, 0o… and 0b… are other bases`),
  fraction: (form, _control, changed) => lineControl(form, changed, "A number, 1.5 or 2e-3"),
  text: (form, _control, changed) => linesControl(form, changed, "Text, as it is"),
  bytes: (form, _control, changed) =>
    linesControl(form, changed, 'Hex, or "text" in quotes, or base64:… in base64'),
  bool: (form, _control, changed) =>
    selectControl(
      form,
      changed,
      ["true", "false"].map((value) => ({ name: value, value })),
      "Yes or no",
    ),
  choice: (form, { choices }, changed) =>
    selectControl(
      form,
      changed,
      choices.map(({ name, value }) => ({ name: `${name} (${value})`, value: name })),
      "One of the names that CRIU knows",
    ),
  flags: flagsControl,
};

/** The control of a form; `changed` is called whenever its text is another one. */
export function makeControl(form: ValueForm, changed: () => void): Control {
  // The compiler can't tie a kind to its maker; the table's type does.
  const make = CONTROLS[form.control.kind] as Make<ValueControl["kind"]>;
  return make(form, form.control as never, changed);
}

/** Attributes of whatever takes the value. */
export function inputAttributes({ name, type }: ValueForm): Record<string, string> {
  return {
    id: "value",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": `${name}, ${type}`,
    "aria-describedby": "value-says",
  };
}

function lineControl(form: ValueForm, changed: () => void, hint: string): Control {
  const input = element("input", {
    class: "field-box",
    attributes: { type: "text", ...inputAttributes(form) },
  });
  input.value = form.text;
  input.addEventListener("input", changed);
  return { root: input, input, text: () => input.value, hint };
}

/** As many lines as the value needs, up to eight. */
function linesControl(form: ValueForm, changed: () => void, hint: string): Control {
  const rows = Math.min(8, form.text.split("\n").length + Math.floor(form.text.length / 48));
  const input = element("textarea", {
    class: "field-box",
    attributes: { rows: String(rows), ...inputAttributes(form) },
  });
  input.value = form.text;
  input.addEventListener("input", changed);
  return { root: input, input, text: () => input.value, hint, hasLines: true };
}

function selectControl(
  form: ValueForm,
  changed: () => void,
  choices: readonly { readonly name: string; readonly value: string }[],
  hint: string,
): Control {
  // A value that has no name is offered as it is.
  const isKnown = choices.some(({ value }) => value === form.text);
  const all = isKnown ? choices : [{ name: form.text, value: form.text }, ...choices];
  const input = element(
    "select",
    { class: "field-box", attributes: inputAttributes(form) },
    ...all.map(({ name, value }) => element("option", { text: name, attributes: { value } })),
  );
  input.value = form.text;
  input.addEventListener("change", changed);
  return { root: input, input, text: () => input.value, hint };
}

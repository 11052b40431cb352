import type { ImageInfo } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";
import { hex, sizeWords } from "./words.ts";

/** The line above the panes: what the image is, and a box to go to an offset or a field. */
export function toolbar(info: ImageInfo, goTo: (text: string) => Promise<boolean>): HTMLElement {
  const entries = info.entryCount === 1 ? "1 entry" : `${info.entryCount.toLocaleString("en")} entries`;
  const facts = info.entryCount > 0 ? [entries] : [];
  const doc =
    info.type?.doc ?? (info.entryCount > 0 ? "Its magic is not known: its fields are shown raw." : "");
  const input = element("input", {
    class: "go-to",
    attributes: {
      id: "go-to",
      type: "text",
      spellcheck: "false",
      placeholder: "Go to 0x1F0 or field path",
      "aria-label": "Go to an offset (0x1F0, 496) or a field path (entries[0].tc.comm)",
    },
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || input.value.trim() === "") return;
    void goTo(input.value.trim()).then((found) => {
      input.setAttribute("aria-invalid", String(!found));
      input.title = found ? "" : "The image has no such offset or field.";
    });
  });
  input.addEventListener("input", () => {
    input.setAttribute("aria-invalid", "false");
  });
  return element(
    "header",
    { class: "toolbar" },
    element("span", { class: "image-type", text: info.type?.name ?? "Unknown image" }),
    ...(info.sealed ? [sealedBadge()] : []),
    element("span", { class: "image-facts", text: [...facts, sizeWords(info.size)].join(" · ") }),
    element("span", {
      class: "image-doc",
      text: doc,
      attributes: { title: doc },
    }),
    input,
  );
}

function sealedBadge(): HTMLElement {
  const title = "The image is sealed; it is shown as its key opens it.";
  return element("span", { class: "badge", attributes: { title } }, icon("lock"), " sealed");
}

/** What is wrong with the image, with a button to each place; undefined when nothing is. */
export function banner(
  { problems, size }: ImageInfo,
  goTo: (offset: number) => void,
): HTMLElement | undefined {
  if (problems.length === 0) return undefined;
  const isError = problems.some(({ severity }) => severity === "error");
  const items = problems.slice(0, 50).map((problem) => {
    const { offset } = problem;
    const item = element("li", {}, icon(problem.severity), " ", problem.message, " ");
    if (offset !== undefined && offset < size) {
      const place = element("button", { class: "link", text: `Show ${hex(offset)}` });
      place.addEventListener("click", () => {
        goTo(offset);
      });
      item.append(place);
    }
    item.title = problem.code;
    return item;
  });
  const rest = problems.length - items.length;
  if (rest > 0) items.push(element("li", { text: `and ${String(rest)} more` }));
  return element(
    "div",
    {
      class: `banner ${isError ? "error" : "warning"}`,
      attributes: { role: "alert", id: "problems" },
    },
    element("ul", {}, ...items),
  );
}

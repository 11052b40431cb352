// The image editor's page: connects to the host, and shows the image or why it can't be shown.
import type { ImageRpc } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";
import { button, progress } from "../ui/components.ts";
import { connectPage } from "../ui/host.ts";
import { HostError } from "../ui/rpc.ts";
import { wantsKey } from "../ui/wants-key.ts";
import { takeFirst } from "./first.ts";
import { ImagePage } from "./page.ts";
import { readState } from "./state.ts";
import "./style/index.css";

let page: ImagePage | undefined;
/** The page says why the image can't be shown. */
let hasFailed = false;
const { host, vscode } = connectPage<ImageRpc>({
  reveal: (target) => page?.reveal(target),
  bookmarks: (all) => page?.tools.showBookmarks(all),
  act: (action) => page?.tools.act(action),
  tree: (action) => page?.actOnTree(action),
  changed: () => {
    if (page) void page.reload().catch(showFailure);
    else if (hasFailed) void start(true);
  },
  editField: ({ path, isNew }) => void page?.editField(path, isNew),
});

/** `again`: the person wants it, after it could not be shown. */
async function start(again = false): Promise<void> {
  hasFailed = false;
  document.body.replaceChildren(progress("Opening …"));
  try {
    const kept = readState(vscode.getState());
    // What came with the page is what it was when it was first shown: later it may have been edited.
    const info = (kept || again ? undefined : takeFirst()) ?? (await host.ask("open", { again }));
    page = new ImagePage(host, info, kept?.size === info.size ? kept : undefined, (state) => {
      vscode.setState(state);
    });
    document.body.replaceChildren(...page.parts);
    await page.start();
  } catch (error) {
    showFailure(error);
  }
}

/** An image that can't be read at all: what is wrong and what to do, not an empty editor. */
function showFailure(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  const { code = "unexpected", next } = error instanceof HostError ? error : {};
  const isSealed = wantsKey(error);
  page = undefined;
  hasFailed = true;
  const failure = element(
    "main",
    { class: isSealed ? "failure sealed" : "failure", attributes: { role: "alert", id: "failure" } },
    icon(isSealed ? "lock" : "error"),
    element("h1", { text: isSealed ? "This image is sealed" : "This image can't be shown" }),
    element("p", { text: sentence }),
    ...(next === undefined ? [] : [element("p", { class: "next", text: next })]),
    button(isSealed ? "Give a Key…" : "Try Again", () => void start(true)),
    element("p", { class: "code", text: code }),
  );
  document.body.replaceChildren(failure);
}

document.body.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  // What is typed is undone where it is typed, not in the image.
  if (isTyping && /^[zy]$/i.test(event.key)) event.stopPropagation();
  if (event.key !== "g") return;
  const box = document.querySelector<HTMLInputElement>("#go-to");
  box?.focus();
  box?.select();
  event.preventDefault();
  // Else VS Code would run its own command for the key.
  event.stopPropagation();
});

void start();

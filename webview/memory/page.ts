import type { MemoryAct, MemoryMap, MemoryRange, MemoryRpc } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { focusWhenIn } from "../ui/focus.ts";
import type { Host } from "../ui/rpc.ts";
import { Splitter } from "../ui/splitter.ts";
import { AddressStrip } from "./address-strip.ts";
import { areaOf } from "./area.ts";
import type { Area } from "./area.ts";
import { Breadcrumbs } from "./breadcrumbs.ts";
import { MemoryInspector } from "./inspector.ts";
import { legend } from "./legend.ts";
import { MapList } from "./map-list.ts";
import { MemoryGrid } from "./memory-grid.ts";
import type { ByteSelection } from "./memory-grid.ts";
import { MemoryPages } from "./memory-pages.ts";
import { RowMap } from "./row-map.ts";
import { Toolbar } from "./toolbar.ts";
import { Trail } from "./trail.ts";
import { shortName } from "./words.ts";

/** What is kept while the view is out of sight. */
export interface MemoryState {
  readonly cursor?: string;
  readonly share?: number;
}

const oneByte = (start: bigint): ByteSelection => ({ start, end: start + 1n });

/** As many bytes as are copied as hex. */
const MAX_COPIED = 65536;

/** The editor: the mappings, the bytes, what they mean. Its parts tell it what happened, and it tells the others. */
export class MemoryPage {
  readonly root: HTMLElement;
  readonly #host: Host<MemoryRpc>;
  readonly #pages: MemoryPages;
  readonly #areas: readonly Area[];
  readonly #places: RowMap;
  readonly #grid: MemoryGrid;
  readonly #list: MapList;
  readonly #strip: AddressStrip;
  readonly #inspector: MemoryInspector;
  readonly #crumbs: Breadcrumbs;
  readonly #toolbar: Toolbar;
  readonly #trail = new Trail();
  readonly #keep: (state: MemoryState) => void;
  #share: number;
  #telling = 0;

  constructor(map: MemoryMap, host: Host<MemoryRpc>, state: MemoryState, keep: (state: MemoryState) => void) {
    this.#host = host;
    this.#keep = keep;
    this.#share = state.share ?? 0.27;
    this.#areas = map.areas.map(areaOf);
    this.#places = new RowMap(this.#areas, 16);
    this.#pages = new MemoryPages(
      (range) => host.ask("bytes", range),
      () => {
        this.#grid.refresh();
        this.#inspector.show(this.#grid.selection.start);
      },
    );
    const nameOf = (address: bigint): string | undefined => this.#nameOf(address);
    const { pageSize, littleEndian: little } = map;
    this.#grid = new MemoryGrid(
      { areas: this.#areas, pages: this.#pages, pageSize, little, nameOf },
      {
        selected: (selection) => {
          this.#selected(selection);
        },
        follow: (target) => {
          void this.#follow(target);
        },
        copy: (selection) => void this.#copy(selection),
        moved: () => {
          this.#showPlace();
        },
      },
    );
    this.#list = new MapList(this.#areas, {
      chosen: (index) => {
        const area = this.#areas[index];
        if (area) this.#goTo(oneByte(area.goTo));
      },
      askEntropy: (indexes) => {
        const starts = indexes.map((index) => (this.#areas[index]?.start ?? 0n).toString(16));
        return host.ask("entropy", { starts });
      },
      coloured: () => {
        this.#strip.refresh();
      },
    });
    this.#strip = new AddressStrip(this.#areas, {
      goTo: (address) => {
        this.#goTo(oneByte(address));
      },
      slideTo: (address) => {
        this.#grid.select(oneByte(address));
      },
      colourOf: (index) => this.#list.colourOf(index),
    });
    this.#inspector = new MemoryInspector(this.#pages, nameOf, little, {
      follow: (target) => {
        void this.#follow(target);
      },
    });
    this.#crumbs = new Breadcrumbs(map.process, (address) => {
      this.#goTo(oneByte(address));
    });
    this.#toolbar = new Toolbar({
      back: () => {
        this.act("back");
      },
      forward: () => {
        this.act("forward");
      },
      run: (command) => {
        host.tell("run", command);
      },
    });
    const bytes = element(
      "div",
      { class: "pane bytes" },
      element("div", { class: "memory-top" }, this.#toolbar.root, this.#crumbs.root),
      this.#grid.root,
      this.#inspector.root,
      legend(),
    );
    const splitter = new Splitter(this.#list.root, bytes, this.#share, (share) => {
      this.#share = share;
      this.#save();
    });
    splitter.root
      .querySelector(".split-bar")
      ?.setAttribute("aria-label", "Border between mappings and bytes");
    this.root = element("div", { class: "memory-page" }, this.#strip.root, splitter.root);
    const start = map.go?.start ?? state.cursor ?? map.home;
    if (start !== undefined) this.go({ start, length: map.go?.length ?? 1 });
    this.#toolbar.show(false, false);
  }

  focus(): void {
    this.#grid.focus();
  }

  go({ start, length }: MemoryRange): void {
    const address = BigInt(`0x${start}`);
    this.#goTo({ start: address, end: address + BigInt(Math.max(1, length)) });
    focusWhenIn(() => {
      this.focus();
    });
  }

  act(act: MemoryAct): void {
    if (act === "follow") void this.#follow();
    else if (act === "focusMap") this.#list.focus();
    else {
      const here = this.#grid.selection.start;
      const target = act === "back" ? this.#trail.back(here) : this.#trail.forward(here);
      if (target !== undefined) this.#grid.select(oneByte(target));
    }
  }

  #goTo(selection: ByteSelection): void {
    const here = this.#grid.selection.start;
    if (selection.start !== here) this.#trail.leave(here);
    this.#grid.select(selection);
  }

  /** Goes to a target, or to where the bytes at the cursor point. */
  async #follow(known?: bigint): Promise<void> {
    const target = known ?? (await this.#inspector.pointerAt(this.#grid.selection.start));
    if (target !== undefined) this.#goTo(oneByte(target));
    this.#grid.focus();
  }

  #selected(selection: ByteSelection): void {
    const { start, end } = selection;
    const index = this.#places.areaOf(start);
    this.#list.show(index);
    this.#showPlace();
    this.#crumbs.show(selection, index === undefined ? undefined : this.#areas[index]);
    this.#inspector.show(start);
    this.#toolbar.show(this.#trail.canGoBack, this.#trail.canGoForward);
    clearTimeout(this.#telling);
    this.#telling = window.setTimeout(() => {
      this.#host.tell("selected", { start: start.toString(16), length: Number(end - start) });
      this.#save();
    }, 50);
  }

  /** Tells the strip what the window shows. */
  #showPlace(): void {
    this.#strip.follow(this.#grid.window, this.#places.areaOf(this.#grid.cursor));
  }

  #save(): void {
    this.#keep({ cursor: this.#grid.selection.start.toString(16), share: this.#share });
  }

  async #copy({ start, end }: ByteSelection): Promise<void> {
    const length = Math.min(Number(end - start), MAX_COPIED);
    const bytes = await this.#pages.read(start, length);
    this.#host.tell("copy", Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" "));
  }

  #nameOf(address: bigint): string | undefined {
    const index = this.#places.areaOf(address);
    const area = index === undefined ? undefined : this.#areas[index];
    if (area === undefined) return undefined;
    const offset = address - area.start + (area.kind === "file" ? area.offset : 0n);
    return `${shortName(area.name, area.kind)}+0x${offset.toString(16)}`;
  }
}

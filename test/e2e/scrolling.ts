/** Milliseconds of each frame: our code; with the browser's layout and painting; from frame to frame. */
export interface FrameTimes {
  readonly script: readonly number[];
  readonly work: readonly number[];
  readonly interval: readonly number[];
}

/**
 * Code for the image editor's page: scrolls the bytes in each of `frames` frames, by the wheel or by dragging the scroll bar
 * from one end to the other, and gives the times. Its own callbacks stand before and behind the editor's in each frame.
 */
export function scrollScript(how: "wheel" | "thumb", frames: number): string {
  return `(${SCRIPT})(${JSON.stringify(how)}, ${String(frames)})`;
}

// Text, because it is of the page: the project's tests know no DOM.
const SCRIPT = `async (how, frames) => {
  const grid = document.querySelector("#bytes");
  const track = document.querySelector(".hex-body .scroll-track");
  const box = track.getBoundingClientRect();
  const pointer = (type, at) => {
    const clientY = box.top + 10 + ((box.height - 20) * at) / frames;
    const place = { clientX: box.left + 2, clientY, pointerId: 1, bubbles: true };
    track.dispatchEvent(new PointerEvent(type, place));
  };
  // A made-up pointer can't be captured.
  track.setPointerCapture = () => undefined;
  const now = () => performance.now();
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(now())));
  const times = { script: [], work: [], interval: [] };
  if (how === "thumb") pointer("pointerdown", 0);
  let before = await frame();
  for (let at = 0; at < frames; at++) {
    let begun = 0;
    requestAnimationFrame(() => { begun = now(); });
    const asked = now();
    if (how === "wheel") grid.dispatchEvent(new WheelEvent("wheel", { deltaY: 173, bubbles: true }));
    else pointer("pointermove", at);
    const handled = now() - asked;
    const [drawn, done] = await new Promise((resolve) => requestAnimationFrame(() => {
      const drawn = now();
      const { port1, port2 } = new MessageChannel();
      // The first task behind layout and painting.
      port1.onmessage = () => resolve([drawn, now()]);
      port2.postMessage(undefined);
    }));
    times.script.push(handled + drawn - begun);
    times.work.push(handled + done - begun);
    times.interval.push(drawn - before);
    before = drawn;
  }
  if (how === "thumb") pointer("pointerup", frames);
  return times;
}`;

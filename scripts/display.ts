/** Whether a desktop program could open a window. */
export function hasDisplay(): boolean {
  if (process.platform !== "linux") return true;
  return [process.env["DISPLAY"], process.env["WAYLAND_DISPLAY"]].some(
    (name) => name !== undefined && name !== "",
  );
}

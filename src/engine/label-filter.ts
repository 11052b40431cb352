/** `name=value` or `name` as the filter of a container list, which Docker and Podman take alike. */
export function labelFilter(selector: string): string {
  return JSON.stringify({ label: [selector] });
}

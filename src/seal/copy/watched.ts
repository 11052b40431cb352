interface Watch {
  readonly signal?: AbortSignal;
  readonly onBytes?: (total: number) => void;
}

/** Counts what goes through several contents together, and ends them with the signal's reason. */
export function watched({
  signal,
  onBytes,
}: Watch): (content: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  let total = 0;
  return async function* (content) {
    for await (const bytes of content) {
      signal?.throwIfAborted();
      total += bytes.length;
      onBytes?.(total);
      yield bytes;
    }
  };
}

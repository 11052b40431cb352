/** Runs `make` at the first call only; a failure is tried again at the next. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** The same for a family of things, each by its key. */
export function onceEach<K, T>(make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const made = new Map<K, () => Promise<T>>();
  return (key) => {
    let one = made.get(key);
    if (one === undefined) {
      one = once(() => make(key));
      made.set(key, one);
    }
    return one();
  };
}

/** The same, but only the `limit` things that were asked for last are remembered: a checkpoint has many processes. */
export function onceRecent<K, T>(limit: number, make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const made = new Map<K, Promise<T>>();
  return (key) => {
    const value =
      made.get(key) ??
      make(key).catch((error: unknown) => {
        made.delete(key);
        throw error;
      });
    made.delete(key);
    made.set(key, value);
    for (const oldest of made.keys()) {
      if (made.size <= limit) break;
      made.delete(oldest);
    }
    return value;
  };
}

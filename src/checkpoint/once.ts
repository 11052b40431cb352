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

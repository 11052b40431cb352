/** An address of 1 or 4 words in network byte order, as CRIU keeps them; undefined for other numbers of words. */
export function showAddress(words: readonly number[]): string | undefined {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word >>> 0, true);
  if (words.length === 1) return bytes.join(".");
  if (words.length !== 4) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  const text = groups.join(":");
  // The longest run of zero groups is left out (RFC 5952).
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? text : text.replace(longest, text.endsWith(longest) ? "::" : ":");
}

// bytes: random access over bytes, wherever they lie. The ground floor: it knows nothing of archives or images.
export type { ByteSource } from "./source.ts";
export { readExactly } from "./source.ts";
export { bufferSource, emptySource } from "./buffer.ts";
export { openFileSource, openFileSourceSync } from "./file.ts";
export { sliceSource } from "./slice.ts";
export { joinedSource } from "./joined.ts";
export { cachedSource } from "./cached.ts";
export { CryoscopeError, cryoscopeError, isCancelled, toCryoscopeError } from "./error.ts";
export type { ErrorDetails, Place } from "./error.ts";
export { bytesErrors } from "./errors.ts";
export { readChunks } from "./chunks.ts";
export { compileQuery, MAX_REGEX_MATCH } from "./search/pattern.ts";
export type { BytePattern, SearchQuery, TextEncoding } from "./search/pattern.ts";
export { searchBytes } from "./search/find.ts";
export type { Match, SearchOptions, SearchStep } from "./search/find.ts";
export { entropyOf, sampleEntropy } from "./entropy.ts";
export type { ByteTexture, EntropyBucket } from "./entropy.ts";

import { sealErrors } from "../errors.ts";

/**
 * Content sealed with age for these recipients (`age1…`), binary, as it is read. Throws `seal.notARecipient`.
 */
export async function sealWithAge(
  recipients: readonly string[],
  content: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  const { Encrypter } = await import("./library.ts");
  const encrypter = new Encrypter();
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw sealErrors.notARecipient("no recipient of age, or one that was copied wrongly");
    }
  const iterator = content[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return pieces(await encrypter.encrypt(stream));
}

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

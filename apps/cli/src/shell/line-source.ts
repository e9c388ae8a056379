/**
 * Lines of a stream, one at a time as they are asked for: the commands of a script, and the passwords between them.
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface LineSource {
  /** The next line without its end; undefined after the last one, or once `signal` has aborted. */
  next(): Promise<string | undefined>;
  close(): void;
}

export function createLineSource(input: Readable, options: { readonly signal: AbortSignal }): LineSource {
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
  // Taken before anything is read, so that no line is lost.
  const iterator = reader[Symbol.asyncIterator]();
  const close = () => reader.close();
  if (options.signal.aborted) close();
  else options.signal.addEventListener('abort', close, { once: true });
  return {
    async next() {
      const item = await iterator.next();
      return options.signal.aborted || item.done === true ? undefined : item.value;
    },
    close() {
      options.signal.removeEventListener('abort', close);
      close();
    },
  };
}

/**
 * Reads a part of a piece for sending: large reads, and the next one while the last one is on its way.
 */
import type { ChunkStore } from '@minitorrent/chunk-store';
import type { SendBuffers } from '../send-buffers.ts';

/** What to read, and where to. */
export interface ReadAhead {
  /** Its store is looked up for each read: a download that is complete is read from another one than before. */
  readonly file: { readonly store: Pick<ChunkStore, 'layout' | 'readBlock'> };
  readonly index: number;
  /** Bytes into the piece where reading begins. */
  readonly from: number;
  readonly buffers: SendBuffers;
  /** Bytes of one buffer, and so of one read. */
  readonly readBytes: number;
  readonly signal: AbortSignal;
}

/** A part of the piece; what it holds must be on its way when the next one is asked for. */
export interface ReadPart {
  /** Bytes into the piece. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The piece from `from` to its end. Fails as the store's `readBlock` does. */
export async function* readAhead(options: ReadAhead): AsyncGenerator<ReadPart> {
  const { file, index, buffers, readBytes } = options;
  const size = file.store.layout.pieceSize(index);
  let reading = begin(options, options.from, size);
  for (let offset = options.from; offset < size; offset += readBytes) {
    const { buffer, bytes } = await reading;
    if (offset + readBytes < size) reading = begin(options, offset + readBytes, size);
    yield { offset, bytes };
    buffers.sent(buffer);
  }
}

function begin(
  { file, index, buffers, readBytes, signal }: ReadAhead,
  offset: number,
  size: number,
): Promise<{ readonly buffer: Uint8Array; readonly bytes: Uint8Array }> {
  const buffer = buffers.take();
  const length = Math.min(readBytes, size - offset);
  const reading = file.store.readBlock(index, offset, length, { into: buffer, signal });
  const read = reading.then((bytes) => ({ buffer, bytes }));
  // It fails where it is waited for, or nobody wants it any more.
  read.catch(() => {});
  return read;
}

/**
 * Hashes the blocks of a stream while those before them are being looked at: with one block at a time the thread that
 * hashes would wait for the one that receives, and the other way round.
 */
import type { HashedBlock } from '@minitorrent/chunk-store';
import type { ArrivingBlocks } from './arriving-blocks.ts';
import type { PieceItem } from './contract.ts';

type Opening = Extract<PieceItem, { readonly kind: 'piece' }>;
type Block = Extract<PieceItem, { readonly kind: 'block' }>;

/** What came; the data of a block only in hashed form. */
export type HashedItem = Opening | (Omit<Block, 'data'> & { readonly block: HashedBlock });

/** How the blocks of one stream are hashed. */
export interface HashAhead {
  readonly items: AsyncIterable<PieceItem>;
  readonly blocks: ArrivingBlocks;
  /** How many items are taken at once, asked anew for each: as many lie in memory more than the stream's window allows. */
  depth(): number;
}

/**
 * The items in their order. Whoever takes a block releases its memory; what nobody takes is released here. Fails as the
 * stream does, and as hashing.
 */
export async function* hashAhead({ items, blocks, depth }: HashAhead): AsyncGenerator<HashedItem> {
  const iterator = items[Symbol.asyncIterator]();
  const ahead: Promise<HashedItem | undefined>[] = [];
  const takeOn = (): void => {
    const most = depth();
    while (ahead.length < most) {
      const taken = takeHashed(iterator, blocks);
      // It fails where it is waited for, or nobody wants it any more.
      taken.catch(() => {});
      ahead.push(taken);
    }
  };
  try {
    for (takeOn(); ; takeOn()) {
      const item = await ahead.shift();
      if (item === undefined) return;
      yield item;
    }
  } finally {
    await iterator.return?.();
    for (const taken of ahead) releaseWhenHashed(taken, blocks);
  }
}

async function takeHashed(
  iterator: AsyncIterator<PieceItem>,
  blocks: ArrivingBlocks,
): Promise<HashedItem | undefined> {
  const { done, value } = await iterator.next();
  if (done === true) return undefined;
  if (value.kind === 'piece') return value;
  const { kind, offset, data } = value;
  return { kind, offset, block: await blocks.hash(data) };
}

function releaseWhenHashed(taken: Promise<HashedItem | undefined>, blocks: ArrivingBlocks): void {
  const release = (item: HashedItem | undefined): void => {
    if (item?.kind === 'block') blocks.release(item.block.bytes);
  };
  // What could not be taken has no memory to release.
  taken.then(release, () => {});
}

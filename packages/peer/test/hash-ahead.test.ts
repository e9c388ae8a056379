import { randomBytes } from 'node:crypto';
import { hashLeaves } from '@minitorrent/chunk-store';
import { describe, expect, it } from 'vitest';
import { ArrivingBlocks } from '../src/arriving-blocks.ts';
import type { PieceItem } from '../src/contract.ts';
import { type HashedItem, hashAhead } from '../src/hash-ahead.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from '../src/message-limits.ts';
import { createRunningHasher } from './support/threaded-hasher.ts';

/** Items that arrive in memory of `blocks`; counts how many were asked for, and whether the stream was left. */
function arriving(blocks: ArrivingBlocks, contents: readonly Uint8Array[], failure?: Error) {
  const state = { asked: 0, isLeft: false };
  const items: AsyncIterable<PieceItem> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const content = contents[state.asked];
        state.asked += 1;
        if (content === undefined && failure !== undefined) throw failure;
        if (content === undefined) return { done: true, value: undefined };
        const data = blocks.allocate(content.length).subarray(0, content.length);
        data.set(content);
        return { done: false, value: { kind: 'block', offset: state.asked, data } };
      },
      return: async () => {
        state.isLeft = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return { state, items };
}

async function all(items: AsyncIterable<HashedItem>): Promise<HashedItem[]> {
  const taken: HashedItem[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

describe.each([0, 2])('hashAhead with %i threads', (threads) => {
  const contents = Array.from({ length: 9 }, (_, at) => randomBytes(LIMITS.blockBytes - at * 16_384));

  it('gives every block once, in order, with the hashes of its leaves', async () => {
    await using hasher = await createRunningHasher(threads);
    const blocks = new ArrivingBlocks(hasher);
    for (const depth of [1, 4, 20]) {
      const { items, state } = arriving(blocks, contents);
      const taken = await all(hashAhead({ items, blocks, depth: () => depth }));
      expect(taken.map((item) => item.kind === 'block' && item.offset)).toEqual(
        contents.map((_, at) => at + 1),
      );
      for (const [at, item] of taken.entries()) {
        const content = new Uint8Array(contents[at] ?? []);
        expect(item).toMatchObject({ block: { bytes: content, leafHashes: hashLeaves(content) } });
      }
      expect(state.isLeft).toBe(true);
    }
  });

  it('takes no more than asked for at once, and leaves the stream when its reader does', async () => {
    await using hasher = await createRunningHasher(threads);
    const blocks = new ArrivingBlocks(hasher);
    const { items, state } = arriving(blocks, contents);
    let depth = 3;
    for await (const item of hashAhead({ items, blocks, depth: () => depth })) {
      if (item.kind !== 'block') continue;
      expect(state.asked).toBe(item.offset === 1 ? 3 : Math.max(3, item.offset));
      depth = 1;
      if (item.offset === 5) break;
    }
    expect(state).toEqual({ asked: 5, isLeft: true });
  });

  it('fails as the stream does, after what came before', async () => {
    await using hasher = await createRunningHasher(threads);
    const blocks = new ArrivingBlocks(hasher);
    const { items } = arriving(blocks, contents.slice(0, 2), new Error('broken off'));
    const ahead = hashAhead({ items, blocks, depth: () => 4 });
    expect([(await ahead.next()).done, (await ahead.next()).done]).toEqual([false, false]);
    await expect(ahead.next()).rejects.toThrow('broken off');
  });
});

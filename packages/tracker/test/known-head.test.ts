import { describe, expect, it } from 'vitest';
import { genesis } from '../src/entry.ts';
import { KnownHead, type SharedHead } from '../src/journal/known-head.ts';
import type { JournalPosition } from '../src/messages.ts';
import { chain } from './journal-contract.ts';

const STORE = new Uint8Array(16).fill(7);
const ENTRIES = chain(5).map(({ position }) => position);

describe('KnownHead', () => {
  it('moves on with what it learns, never back, and tells of it', async () => {
    const head = new KnownHead(at(1));
    const seen: number[] = [];
    const unwatch = head.watch(() => seen.push(head.position.index));
    await head.learn(async () => ({ ...at(3), base: 2 }));
    await head.learn(async () => ({ ...at(3), base: 1 }));
    head.moveTo(position(2));
    head.moveTo(position(4));
    unwatch();
    head.moveTo(position(5));
    expect([head.position, head.base, seen]).toEqual([position(5), 2, [3, 4]]);
  });

  it('does not mistake an answer that is older than an append for a loss', async () => {
    const head = new KnownHead(at(1));
    const answer = Promise.withResolvers<SharedHead>();
    const learning = head.learn(() => answer.promise);
    head.moveTo(position(3));
    answer.resolve(at(2));
    await learning;
    expect(head.position).toEqual(position(3));
  });

  it.each([
    ['has fewer entries', at(2)],
    ['has another entry there', { ...at(3), head: { ...position(3), hash: new Uint8Array(32) } }],
    ['is another store', { ...at(4), storeId: new Uint8Array(16) }],
  ])('refuses for good a journal that %s', async (_, answer) => {
    const head = new KnownHead(at(3));
    const corrupt = { code: 'journal_corrupt' };
    await expect(head.learn(async () => answer)).rejects.toMatchObject(corrupt);
    await expect(head.learn(async () => at(3))).rejects.toMatchObject(corrupt);
    expect(() => head.requireWhole()).toThrow('was acknowledged');
  });
});

function position(index: number): JournalPosition {
  return ENTRIES[index - 1] ?? genesis;
}

function at(index: number): SharedHead {
  return { storeId: STORE, head: position(index), base: 0 };
}

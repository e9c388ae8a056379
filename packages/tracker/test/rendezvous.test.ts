import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESENCE_COPIES, rendezvousOrder } from '../src/rendezvous.ts';

const group = fc.string({ minLength: 1, maxLength: 64 }).filter((name) => !name.includes('\0'));
const tracker = fc
  .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => `${host}:${port}`);
const trackers = fc.uniqueArray(tracker, { minLength: 1, maxLength: 12 });
const manyTrackers = fc.uniqueArray(tracker, { minLength: PRESENCE_COPIES + 1, maxLength: 8 });

/** Groups that differ from run to run. */
const groups = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, place) => `group ${seed}-${place}`);

/** The trackers that keep the presence of a group. */
const keepers = (groupId: string, all: readonly string[]): readonly string[] =>
  rendezvousOrder(groupId, all).slice(0, PRESENCE_COPIES);

describe('rendezvousOrder', () => {
  it('names every tracker once', () => {
    fc.assert(
      fc.property(group, trackers, (groupId, all) => {
        expect([...rendezvousOrder(groupId, all)].sort()).toEqual([...all].sort());
        expect(rendezvousOrder(groupId, [...all, ...all])).toEqual(rendezvousOrder(groupId, all));
      }),
    );
  });

  it('is the same for any order of the list', () => {
    const shuffled = trackers.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(group, shuffled, (groupId, [all, other]) => {
        expect(rendezvousOrder(groupId, other)).toEqual(rendezvousOrder(groupId, all));
      }),
    );
  });

  it('keeps the order of the others when a tracker is removed, and so when one is added', () => {
    fc.assert(
      fc.property(group, manyTrackers, fc.nat(), (groupId, all, place) => {
        const removed = all[place % all.length];
        const left = all.filter((name) => name !== removed);
        const order = rendezvousOrder(groupId, all).filter((name) => name !== removed);
        expect(rendezvousOrder(groupId, left)).toEqual(order);
      }),
    );
  });

  it('moves no group of which the removed tracker kept nothing', () => {
    fc.assert(
      fc.property(manyTrackers, fc.nat(), fc.nat(), (all, seed, place) => {
        const removed = all[place % all.length] ?? '';
        const left = all.filter((name) => name !== removed);
        for (const groupId of groups(seed, 50)) {
          const before = keepers(groupId, all);
          if (!before.includes(removed)) expect(keepers(groupId, left)).toEqual(before);
        }
      }),
    );
  });

  it('gives every tracker its share of the groups, give or take six standard deviations', () => {
    const count = 2_000;
    fc.assert(
      fc.property(manyTrackers, fc.nat(), (all, seed) => {
        const kept = new Map(all.map((name) => [name, 0]));
        for (const groupId of groups(seed, count)) {
          for (const name of keepers(groupId, all)) kept.set(name, (kept.get(name) ?? 0) + 1);
        }
        const share = PRESENCE_COPIES / all.length;
        const deviation = Math.sqrt(count * share * (1 - share));
        for (const groupsKept of kept.values()) {
          expect(Math.abs(groupsKept - count * share)).toBeLessThan(6 * deviation);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is what every other program makes of it, for ever', () => {
    const all = ['tracker-1.example:7700', 'tracker-2.example:7700', '[2001:db8::3]:7700'];
    expect(rendezvousOrder('films', all)).toEqual([all[0], all[2], all[1]]);
    expect(rendezvousOrder('music', all)).toEqual([all[2], all[0], all[1]]);
    expect(rendezvousOrder('films', [])).toEqual([]);
  });
});

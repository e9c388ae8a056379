import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MembershipNews } from '../src/membership-news.ts';

describe('MembershipNews', () => {
  it('hears of each change once, whichever tracker tells it first and however late the other is', () => {
    const news = new MembershipNews();
    const heard = [
      { groupId: 'films', index: 5 },
      { groupId: 'films', index: 5 },
      { groupId: 'music', index: 4 },
      { groupId: 'films', index: 9 },
      { groupId: 'music', index: 4 },
      { groupId: 'films', index: 5 },
      { groupId: 'films', index: 9 },
    ].filter((change) => news.isNew(change));
    expect(heard.map(({ groupId, index }) => `${groupId} ${index}`)).toEqual([
      'films 5',
      'music 4',
      'films 9',
    ]);
  });

  it('lets through what one tracker tells, whatever two others repeat of it and in whatever order', () => {
    const changes = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    const told = changes.chain((indices) => {
      const inOrder = indices.toSorted((a, b) => a - b);
      return fc.tuple(fc.constant(inOrder), fc.infiniteStream(fc.nat(2)));
    });
    fc.assert(
      fc.property(told, ([indices, turns]) => {
        const trackers = [[...indices], [...indices], [...indices]];
        const news = new MembershipNews();
        const heard: number[] = [];
        while (trackers.some((left) => left.length > 0)) {
          const turn = turns.next().value ?? 0;
          const index = trackers[turn]?.shift();
          if (index !== undefined && news.isNew({ groupId: 'films', index })) heard.push(index);
        }
        expect(heard).toEqual(indices);
      }),
    );
  });

  it('begins anew for somebody else', () => {
    const news = new MembershipNews();
    expect(news.isNew({ groupId: 'films', index: 7 })).toBe(true);
    news.clear();
    expect(news.isNew({ groupId: 'films', index: 1 })).toBe(true);
  });
});

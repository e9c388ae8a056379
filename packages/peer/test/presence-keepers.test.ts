import { rendezvousOrder } from '@minitorrent/tracker/contract';
import { describe, expect, it } from 'vitest';
import { PresenceKeepers } from '../src/presence-keepers.ts';

const names = ['one:1', 'two:2', 'three:3', 'four:4'];
const trackers = new Map(names.map((name) => [name, { name }]));
const keepers = new PresenceKeepers(trackers);
const order = rendezvousOrder('films', names);

describe('PresenceKeepers', () => {
  it('are the first two of the order on which all agree', () => {
    expect(keepers.of('films', () => true).map(({ name }) => name)).toEqual(order.slice(0, 2));
  });

  it('are others in the place of those that do not live', () => {
    const [dead] = order;
    expect(keepers.of('films', ({ name }) => name !== dead).map(({ name }) => name)).toEqual(
      order.slice(1, 3),
    );
    expect(keepers.of('films', () => false)).toEqual([]);
  });

  it('are both of a pair, for every group', () => {
    const pair = new PresenceKeepers(new Map(names.slice(0, 2).map((name) => [name, name])));
    for (const group of ['films', 'music', 'books']) {
      expect(pair.of(group, () => true).toSorted()).toEqual(['one:1', 'two:2']);
    }
  });
});

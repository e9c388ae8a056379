/** What a follower must not do: cut what may be acknowledged, promise what it does not have, or lose its patience. */
import { describe, expect, it } from 'vitest';
import { CorePair } from './simulation/core-pair.ts';

describe('Following', () => {
  it('cuts nothing for a primary of long ago before it has read the register', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.stop('b');
    pair.run(1_000);
    // The one is alone and goes on so, because it never hears that the other one is in sync.
    pair.deaf = 'a';
    pair.resume('b');
    pair.run(4_000, () => {
      pair.isCut ||= pair.register.config.inSync.length === 2;
    });
    pair.write('b', 'user-new');
    expect([pair.roles(), pair.committed()]).toEqual([
      ['primary', 'primary'],
      [0, 1],
    ]);
    pair.unreachable.add('b');
    pair.restart('b');
    pair.write('a', 'user-old');
    pair.isCut = false;
    pair.run(3_000);
    expect([pair.roles(), pair.effects('b', 'truncate')]).toEqual([['primary', 'unknown'], []]);
    pair.unreachable.clear();
    pair.deaf = undefined;
    pair.run(3_000);
    expect([pair.users('a'), pair.users('b')]).toEqual([['user-new'], ['user-new']]);
  });

  it('begins anew when the entry that it has last is not the one that was sent', () => {
    const pair = new CorePair({ hasRegister: true, ownEntries: 1 });
    pair.run(3_000);
    pair.onTheWay = (message) => ({ ...message, entries: message.entries.map(withOtherUser) });
    pair.write('a', 'user-one');
    pair.run(10);
    expect(pair.users('b').at(-1)).toBe('user-onf');
    pair.onTheWay = (message) => message;
    // From here on the hash of the next entry does not fit.
    pair.write('a', 'user-two');
    pair.run(3_000);
    expect(pair.users('b')).toEqual(['user-1', 'user-one', 'user-two']);
    expect([pair.roles(), pair.committed()]).toEqual([
      ['primary', 'backup'],
      [3, 3],
    ]);
  });

  it('does not count time in which it did not run as the silence of the primary', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.run(3_000);
    pair.isCut = true;
    pair.unreachable.add('a');
    pair.run(500);
    expect(pair.mayRead('a')).toBe(true);
    pair.jump('b', 60_000);
    pair.run(2_000, () => {
      expect(pair.mayRead('a') && pair.roles()[1] === 'primary').toBe(false);
    });
    expect([pair.roles()[1], pair.mayRead('a')]).toEqual(['primary', false]);
  });

  it('is not waited for once it is about to end', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.run(3_000);
    pair.tell('b', { kind: 'hand_over' });
    pair.run(300);
    expect([pair.roles(), pair.register.config.inSync]).toEqual([['primary', 'joining'], ['aa'.repeat(16)]]);
    pair.stop('b');
    pair.write('a', 'user-one');
    pair.run(10);
    expect(pair.committed()).toEqual([1, 0]);
  });
});

/** The same entry, but of another user: nothing in it is wrong, and no hash is with it. */
function withOtherUser(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.write('user-onf', copy.indexOf('user-one'), 'latin1');
  return copy;
}

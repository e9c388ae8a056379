/** What a follower must not do: cut what may be acknowledged, or promise what it does not have. */
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
    pair.isRegisterAway = true;
    pair.restart('b');
    pair.write('a', 'user-old');
    pair.isCut = false;
    pair.run(3_000);
    expect([pair.roles(), pair.effects('b', 'truncate')]).toEqual([['primary', 'unknown'], []]);
    pair.isRegisterAway = false;
    pair.deaf = undefined;
    pair.run(3_000);
    expect([pair.users('a'), pair.users('b')]).toEqual([['user-new'], ['user-new']]);
  });
});

/** How a primary begins and ends its term where the register has the last word. */
import { describe, expect, it } from 'vitest';
import { CorePair } from './simulation/core-pair.ts';

describe('Leading', () => {
  it('goes on when it hears from the other that its own swap was done', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.stop('b');
    pair.run(1_000);
    pair.deaf = 'a';
    pair.resume('b');
    pair.run(1_000);
    expect([pair.core('a').config.epoch, pair.register.config.epoch]).toEqual([1, 2]);
    pair.restart('b');
    pair.run(1_000);
    expect(pair.core('a').config).toEqual(pair.register.config);
    expect(
      pair
        .effects('a', 'role')
        .map(({ role, reason }) => `${role}: ${reason}`)
        .slice(-2),
    ).toEqual(['primary: founded', 'primary: a backup is in sync']);
  });
});

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

  it('hands over at once, and its successor does not wait for it', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.run(3_000);
    pair.tell('a', { kind: 'hand_over' });
    expect(pair.core('a').mayWrite).toBe(false);
    pair.run(300);
    expect(pair.roles()).toEqual(['joining', 'primary']);
    pair.stop('a');
    pair.write('b', 'user-one');
    pair.run(10);
    expect(pair.committed()).toEqual([0, 1]);
    pair.restart('a');
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
  });

  it('leaves out at once a backup whose disk failed', () => {
    const pair = new CorePair({ hasRegister: true });
    pair.run(3_000);
    pair.tell('b', { kind: 'disk_failed', reason: 'the disk is full' });
    pair.write('a', 'user-one');
    pair.run(300);
    expect(pair.committed()).toEqual([1, 0]);
  });
});

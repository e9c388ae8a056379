/** Pairs without a register: what a person may do, what it costs, and who is told. */
import { describe, expect, it } from 'vitest';
import { CorePair } from './simulation/core-pair.ts';

describe('Promotion', () => {
  it('waits for a person, and then acknowledges what both have', () => {
    const pair = new CorePair({ hasRegister: false });
    pair.run(3_000);
    expect(pair.roles()).toEqual(['safe', 'safe']);
    pair.tell('a', { kind: 'promote' });
    pair.run(2_000);
    expect(pair.roles()).toEqual(['primary', 'backup']);
    pair.write('a', 'user-one');
    pair.run(500);
    expect(pair.committed()).toEqual([2, 2]);
    expect([pair.mayRead('a'), pair.mayRead('b')]).toEqual([true, false]);
  });

  it('stops acknowledging when one is gone, until a person promotes the other, or it comes back', () => {
    const pair = led();
    pair.isCut = true;
    pair.write('a', 'user-one');
    pair.run(3_000);
    expect(pair.roles()).toEqual(['safe', 'safe']);
    expect(pair.committed()).toEqual([1, 1]);
    expect([pair.core('a').mayWrite, pair.mayRead('a')]).toEqual([false, false]);
    pair.isCut = false;
    pair.run(2_000);
    expect(pair.roles()).toEqual(['primary', 'backup']);
    expect(pair.committed()).toEqual([2, 2]);
    pair.isCut = true;
    pair.run(3_000);
    pair.tell('b', { kind: 'promote' });
    pair.run(1_000);
    expect(pair.roles()).toEqual(['safe', 'primary']);
    pair.write('b', 'user-two');
    pair.isCut = false;
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(['-', 'user-one', '-', 'user-two']);
    expect(pair.users('b')).toEqual(pair.users('a'));
  });

  it('cuts back what was never acknowledged', () => {
    const pair = led();
    pair.isCut = true;
    pair.write('a', 'user-lost');
    pair.run(2_000);
    pair.tell('b', { kind: 'promote' });
    pair.run(3_000);
    pair.write('b', 'user-kept');
    pair.isCut = false;
    pair.run(2_000);
    expect(pair.effects('a', 'truncate')).toEqual([{ kind: 'truncate', after: 1 }]);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(['-', '-', 'user-kept']);
  });

  it('begins only when the primary before it answers no reads any more', () => {
    const pair = led();
    expect(pair.mayRead('a')).toBe(true);
    pair.isCut = true;
    pair.tell('b', { kind: 'promote' });
    expect(pair.roles()).toEqual(['primary', 'candidate']);
    pair.run(3_000, () => {
      expect(pair.mayRead('a') && pair.roles()[1] === 'primary').toBe(false);
    });
    expect(pair.roles()).toEqual(['safe', 'primary']);
  });

  it('begins at once when the primary before it says that it leads no more', () => {
    const pair = led();
    pair.tell('b', { kind: 'promote' });
    pair.run(300);
    expect(pair.roles()).toEqual(['joining', 'primary']);
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
  });

  it('begins a later term than a primary of which it forgot everything', () => {
    const pair = led();
    pair.isCut = true;
    pair.restart('b');
    pair.tell('b', { kind: 'promote' });
    pair.run(3_000);
    pair.write('b', 'user-kept');
    pair.run(100);
    expect(pair.committed()[1]).toBe(3);
    pair.isCut = false;
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(['-', '-', 'user-kept']);
  });

  it('follows from a hand-over, as soon as the other one knows', () => {
    const pair = led();
    pair.write('a', 'user-one');
    pair.run(100);
    pair.tell('a', { kind: 'hand_over' });
    expect(pair.core('a').mayWrite).toBe(false);
    pair.run(300);
    expect(pair.roles()).toEqual(['joining', 'primary']);
    pair.write('b', 'user-two');
    pair.run(100);
    expect(pair.committed()[1]).toBe(4);
    pair.restart('a');
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
  });

  it('stops both where two were promoted without knowing of each other, until one is promoted again', () => {
    const pair = new CorePair({ hasRegister: false });
    pair.isCut = true;
    for (const name of ['a', 'b'] as const) pair.tell(name, { kind: 'promote' });
    pair.run(3_000);
    expect(pair.roles()).toEqual(['primary', 'primary']);
    pair.write('a', 'user-a');
    pair.write('b', 'user-b');
    pair.isCut = false;
    pair.run(1_000);
    expect(pair.roles()).toEqual(['safe', 'safe']);
    for (const name of ['a', 'b'] as const) {
      expect(pair.effects(name, 'fault').map(({ message }) => message)).toEqual([
        'Another tracker was promoted, too, and neither knew of the other; promote one of them again',
      ]);
    }
    pair.tell('b', { kind: 'promote' });
    pair.run(3_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(['-', 'user-b', '-']);
  });

  it('is asked for again where a journal goes on after what the primary knows', () => {
    const pair = led();
    pair.isCut = true;
    pair.run(1_500);
    for (const _ of [1, 2, 3]) {
      pair.tell('a', { kind: 'promote' });
      pair.run(3_000);
      pair.tell('a', { kind: 'disk_failed', reason: 'to forget' });
      pair.restart('a');
    }
    pair.tell('b', { kind: 'promote' });
    pair.run(3_000);
    pair.isCut = false;
    pair.run(2_000);
    expect(pair.roles()).toEqual(['safe', 'primary']);
    expect(pair.effects('b', 'fault').at(-1)?.message).toMatch('does not know of a later promotion');
    pair.tell('b', { kind: 'promote' });
    pair.run(2_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(pair.users('b'));
  });

  it('costs what was acknowledged by the other, where that one does not wait for it', () => {
    const pair = led();
    pair.isCut = true;
    pair.run(1_500);
    for (const [name, userId] of [
      ['a', 'user-lost'],
      ['b', 'user-kept'],
    ] as const) {
      pair.tell(name, { kind: 'promote' });
      pair.run(3_000);
      pair.write(name, userId);
      pair.run(100);
    }
    expect(pair.committed()).toEqual([3, 3]);
    pair.isCut = false;
    pair.run(500);
    pair.tell('b', { kind: 'promote' });
    pair.run(3_000);
    expect(pair.roles()).toEqual(['backup', 'primary']);
    expect(pair.users('a')).toEqual(['-', '-', 'user-kept', '-']);
    // What is acknowledged may be in a snapshot, and a journal is not cut there.
    expect([pair.effects('a', 'truncate'), pair.effects('a', 'install').length]).toEqual([[], 1]);
    expect(pair.effects('a', 'fault').at(-1)?.message).toMatch('Acknowledged changes up to entry 3 are lost');
  });

  it('is refused to a tracker that hears the primary and lacks what that acknowledged', () => {
    const pair = new CorePair({ hasRegister: false });
    pair.onTheWay = (message) => (message.member?.kind === 'pull' ? undefined : message);
    pair.tell('a', { kind: 'promote' });
    pair.run(2_500);
    pair.write('a', 'user-one');
    pair.run(2_000);
    expect([pair.roles(), pair.committed()]).toEqual([
      ['primary', 'joining'],
      [2, 0],
    ]);
    pair.tell('b', { kind: 'promote' });
    expect(pair.effects('b', 'fault').at(-1)?.message).toMatch('Not promoted');
    pair.run(1_000);
    expect(pair.roles()).toEqual(['primary', 'joining']);
  });

  it('changes nothing at the primary, and nothing where there is a register', () => {
    const pair = led();
    const { epoch } = pair.core('a').config;
    pair.tell('a', { kind: 'promote' });
    pair.run(100);
    expect(pair.core('a').config.epoch).toBe(epoch);
    const other = new CorePair({ hasRegister: true });
    other.run(3_000);
    other.tell('b', { kind: 'promote' });
    other.run(1_000);
    expect(other.roles()).toEqual(['primary', 'backup']);
  });
});

/** A pair in which `a` was promoted, and both are in sync. */
function led(): CorePair {
  const pair = new CorePair({ hasRegister: false });
  pair.tell('a', { kind: 'promote' });
  pair.run(4_000);
  expect(pair.roles()).toEqual(['primary', 'backup']);
  return pair;
}

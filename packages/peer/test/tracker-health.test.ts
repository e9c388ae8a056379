import { RpcError } from '@minitorrent/rpc-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankTrackers, TrackerHealth } from '../src/tracker-health.ts';

const remote = (code: string): RpcError => new RpcError(code, 'Cannot do that', { remote: true });

describe('TrackerHealth', () => {
  it('doubts a silent tracker until it answers anything, or there is a new connection', () => {
    const health = new TrackerHealth();
    const answers: readonly (() => void)[] = [
      () => health.answered({}, 0),
      () => health.failed(remote('group_exists'), 0),
      () => health.connected(),
    ];
    for (const answer of answers) {
      health.wasSilent();
      expect(health.isDoubtful).toBe(true);
      answer();
      expect(health.isDoubtful).toBe(false);
    }
  });

  it('does not take for an answer what was found out here', () => {
    const health = new TrackerHealth();
    health.wasSilent();
    health.failed(new RpcError('deadline_exceeded', 'No answer in time'), 0);
    health.failed(new Error('aborted'), 0);
    expect(health.isDoubtful).toBe(true);
  });

  it('knows that a tracker may be stale from its own words, until it says otherwise', () => {
    const health = new TrackerHealth();
    health.answered({ groups: [], mayBeStale: true }, 5);
    expect(health.staleSinceMs).toBe(5);
    health.answered({}, 6);
    health.failed(remote('not_a_member'), 7);
    expect(health.staleSinceMs).toBe(5);
    health.answered({ mayBeStale: false }, 8);
    expect(health.staleSinceMs).toBeUndefined();
    for (const code of ['not_primary', 'no_primary']) {
      health.failed(remote(code), 9);
      expect(health.staleSinceMs).toBe(9);
      health.answered({ mayBeStale: false }, 10);
    }
  });
});

const candidate = fc.record({
  health: fc.record({
    isDoubtful: fc.boolean(),
    staleSinceMs: fc.option(fc.nat(3), { nil: undefined }),
  }),
  keepsPresence: fc.boolean(),
});

describe('rankTrackers', () => {
  const healthy = { isDoubtful: false, staleSinceMs: undefined };
  const named = (
    name: string,
    health: { readonly isDoubtful: boolean; readonly staleSinceMs: number | undefined },
    keepsPresence = false,
  ) => ({ name, health, keepsPresence });
  const rank = (...candidates: ReturnType<typeof named>[]): string[] =>
    rankTrackers(candidates).map(({ name }) => name);

  it('keeps the user’s order where nothing speaks against it', () => {
    expect(rank(named('a', healthy), named('b', healthy))).toEqual(['a', 'b']);
  });

  it('puts one that may be stale behind one that may not', () => {
    expect(rank(named('a', { ...healthy, staleSinceMs: 1 }), named('b', healthy))).toEqual(['b', 'a']);
  });

  it('puts first of two that may be stale the one that said so longer ago, so that both are asked in turn', () => {
    const [older, newer] = [
      { ...healthy, staleSinceMs: 1 },
      { ...healthy, staleSinceMs: 2 },
    ];
    expect(rank(named('a', newer), named('b', older))).toEqual(['b', 'a']);
  });

  it('puts one that has the presence before one that is not stale, and a doubtful one last of all', () => {
    const stale = { ...healthy, staleSinceMs: 1 };
    const doubtful = { ...healthy, isDoubtful: true };
    expect(rank(named('a', healthy), named('b', stale, true))).toEqual(['b', 'a']);
    expect(rank(named('a', doubtful, true), named('b', stale))).toEqual(['b', 'a']);
  });

  it('answers every candidate once, and any two of them in the same order as alone', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 6 }), (candidates) => {
        const ranked = rankTrackers(candidates);
        expect(new Set(ranked)).toEqual(new Set(candidates));
        for (const [place, a] of candidates.entries()) {
          for (const b of candidates.slice(place + 1)) {
            const first = rankTrackers([a, b])[0];
            expect(ranked.indexOf(first ?? a)).toBe(Math.min(ranked.indexOf(a), ranked.indexOf(b)));
          }
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UPLOAD_WINDOW_LIMITS as LIMITS, UploadWindow } from '../src/upload-window.ts';

const KIB = 1024;
const LEAF = 16 * KIB;
const BLOCK = 512 * KIB;

interface Path {
  readonly bytesPerMs: number;
  /** From a byte's leaving to the answer that it has arrived. */
  readonly answerMs: number;
}

/** Sends all that the window allows over a line with endless buffers, and tells what was seen of it. */
function send(window: UploadWindow<string>, path: Path, forMs: number) {
  const answers: { readonly atMs: number; readonly id: number }[] = [];
  let [nowMs, freeAtMs, busyMs, refused, most] = [0, 0, 0, 0, 0];
  for (let steps = 0; nowMs < forMs && steps < 100_000; steps += 1) {
    const bytes = window.blockBytes(LEAF, BLOCK);
    // No more than the credit of a call, as nobody sends more.
    const hasCredit = window.underWayBytes(nowMs) < 1024 * KIB;
    if (hasCredit && window.take('a', bytes, nowMs) === 'granted') {
      window.sent('a', bytes);
      const sendMs = bytes / path.bytesPerMs;
      busyMs += sendMs;
      freeAtMs = Math.max(freeAtMs, nowMs) + sendMs;
      most = Math.max(most, window.underWayBytes(nowMs));
    } else {
      if (hasCredit) refused += 1;
      if (window.hasUnasked('a') && answers.length === 0) ask();
      const answer = answers.shift();
      if (!answer) throw new Error('Nothing goes and nobody answers');
      nowMs = Math.max(nowMs, answer.atMs);
      window.answered('a', answer.id, nowMs);
    }
    for (const _ of [...window.due()]) ask();
  }
  return { use: busyMs / nowMs, refused, most };

  function ask(): void {
    answers.push({ atMs: Math.max(freeAtMs, nowMs) + path.answerMs, id: window.ask('a', nowMs) });
  }
}

/** A block that goes at once if it may. */
function give(window: UploadWindow<string>, receiver: string, bytes: number, nowMs: number): string {
  const grant = window.take(receiver, bytes, nowMs);
  if (grant === 'granted') window.sent(receiver, bytes);
  return grant;
}

describe('the window of an uplink', () => {
  it('keeps any uplink busy, and hardly longer than allowed', () => {
    const paths = fc.record({
      bytesPerMs: fc.integer({ min: 125, max: 20_000 }),
      answerMs: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(paths, (path) => {
        // Neither what single leaves are too coarse for, nor what a call's credit is too little for.
        const allowedBytes = path.bytesPerMs * (path.answerMs + LIMITS.aheadMs);
        fc.pre(allowedBytes > 8 * LEAF && allowedBytes < 800 * KIB);
        const window = new UploadWindow<string>();
        send(window, path, 10_000);
        // It has learned: from now on it is as it stays.
        const { use, most } = send(copyOfClock(window), path, 10_000);
        expect(use).toBeGreaterThan(0.7);
        expect(most).toBeLessThanOrEqual(2 * allowedBytes);
      }),
      { numRuns: 50 },
    );
  });

  it('holds nothing back on a fast line once it has begun', () => {
    const window = new UploadWindow<string>();
    const path = { bytesPerMs: 350_000, answerMs: 1 };
    send(window, path, 20);
    const { refused, most } = send(copyOfClock(window), path, 1_000);
    expect(refused).toBe(0);
    expect(most).toBeGreaterThanOrEqual(1024 * KIB);
    expect(window.blockBytes(LEAF, BLOCK)).toBeGreaterThanOrEqual(256 * KIB);
  });

  it('lets one receiver that does not answer take nobody’s place', () => {
    const window = new UploadWindow<string>();
    expect(give(window, 'a', LIMITS.startBytes, 0)).toBe('granted');
    expect([...window.due()]).toEqual(['a']);
    window.ask('a', 0);
    expect(window.take('b', LEAF, 1)).toBe('full');
    const overdue = window.overdueAtMs(1);
    expect(overdue).toBe(LIMITS.firstAnswerMs);
    expect(window.take('a', LEAF, overdue)).toBe('overdue');
    expect(window.take('b', LEAF, overdue)).toBe('granted');
    expect(window.underWayBytes(overdue)).toBe(LEAF);
  });

  it('asks for what was sent, and for nothing that only may be', () => {
    const window = new UploadWindow<string>();
    window.take('a', LIMITS.startBytes, 0);
    expect([...window.due()]).toEqual([]);
    expect(window.hasUnasked('a')).toBe(false);
    window.sent('a', LIMITS.startBytes - LEAF);
    const id = window.ask('a', 0);
    window.sent('a', LEAF);
    window.answered('a', id, 10);
    expect(window.underWayBytes(10)).toBe(LEAF);
    expect(window.hasUnasked('a')).toBe(true);
  });

  it('forgets what was on a line that is gone', () => {
    const window = new UploadWindow<string>();
    give(window, 'a', LIMITS.startBytes, 0);
    window.ask('a', 0);
    expect(window.take('b', LEAF, 1)).toBe('full');
    window.forget('a', 1);
    expect(window.take('b', LEAF, 1)).toBe('granted');
    window.answered('a', 1, 2);
    window.sent('a', LEAF);
    expect(window.underWayBytes(2)).toBe(LEAF);
  });

  it('does not take an idle hour for a slow one because a receiver is silent', () => {
    const [window, control] = [new UploadWindow<string>(), new UploadWindow<string>()];
    const path = { bytesPerMs: 12_500, answerMs: 20 };
    give(window, 'silent', LEAF, 0);
    window.ask('silent', 0);
    for (const each of [window, control]) {
      send(each, path, 5_000);
      // An hour later one answer is late.
      give(each, 'a', LEAF, 3_600_000);
      const id = each.ask('a', 3_600_000);
      each.answered('a', id, 3_600_000 + 150);
    }
    expect(window.size).toBeGreaterThan(control.size / 2);
  });

  it('becomes smaller when the uplink does', () => {
    const window = new UploadWindow<string>();
    send(window, { bytesPerMs: 12_500, answerMs: 1 }, 5_000);
    const before = window.size;
    send(copyOfClock(window), { bytesPerMs: 1_250, answerMs: 1 }, 60_000);
    expect(window.size).toBeLessThan(before / 2);
  });
});

/** The same window: each run's clock begins anew, so all that is under way must have been answered. */
function copyOfClock(window: UploadWindow<string>): UploadWindow<string> {
  window.forget('a', 0);
  return window;
}

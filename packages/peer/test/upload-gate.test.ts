import { createManualClock, drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { describe, expect, test } from 'vitest';
import { UploadGate, type UploadLine } from '../src/shell/upload-gate.ts';

const KIB = 1024;
const LIMITS = { aheadMs: 50, startBytes: 64 * KIB, firstAnswerMs: 1_000 };
const NEVER = new AbortController().signal;

/** A receiver whose answers come when the test says so; `history` is what is said to it, in its order. */
function createReceiver(history: string[] = []) {
  const questions: PromiseWithResolvers<void>[] = [];
  const closed = Promise.withResolvers<undefined>();
  const line = {
    arrival() {
      history.push('ask');
      const question = Promise.withResolvers<void>();
      questions.push(question);
      return question.promise;
    },
    closed: closed.promise,
  } as unknown as UploadLine;
  return {
    line,
    /** How often it was asked. */
    get asked() {
      return questions.length;
    },
    answerAll: () => {
      for (const question of questions) question.resolve();
    },
    breakOff(reason: Error) {
      for (const question of questions) question.reject(reason);
      closed.resolve(undefined);
    },
  };
}

function createGate() {
  const clock = createManualClock();
  const gate = new UploadGate(clock, LIMITS);
  const passed: string[] = [];
  const waits: { readonly name: string; readonly isForOthers: boolean }[] = [];
  return {
    clock,
    gate,
    passed,
    /** Who waits, and for whom, in the order in which it was said. */
    waits,
    /** Sends a block as soon as it may go, and notes its name then. */
    send(name: string, line: UploadLine, { bytes = 32 * KIB, signal = NEVER, history }: Sending = {}): void {
      const request = {
        line,
        bytes,
        signal,
        onWait: (isForOthers: boolean) => waits.push({ name, isForOthers }),
      };
      void gate.pass(request).then(() => {
        if (signal.aborted) return;
        passed.push(name);
        history?.push(name);
      });
    },
  };
}

interface Sending {
  readonly bytes?: number;
  readonly signal?: AbortSignal;
  readonly history?: string[];
}

describe('UploadGate', () => {
  test('lets pass what the window holds, and the rest when the receiver has read', async () => {
    const { gate, passed, send } = createGate();
    const receiver = createReceiver();
    for (const name of ['a', 'b', 'c']) send(name, receiver.line);
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b']);
    expect(receiver.asked).toBeGreaterThan(0);
    receiver.answerAll();
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'c']);
    gate.close();
  });

  test('keeps the order of those that wait', async () => {
    const { gate, passed, send } = createGate();
    const [first, second] = [createReceiver(), createReceiver()];
    for (const name of ['a', 'b', 'c', 'd']) send(name, first.line);
    send('e', second.line);
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b']);
    first.answerAll();
    await drainMicrotasks();
    first.answerAll();
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'c', 'd', 'e']);
    gate.close();
  });

  test('gives the room of a receiver that does not answer to others, and nothing more to it', async () => {
    const { clock, gate, passed, send } = createGate();
    const [silent, other] = [createReceiver(), createReceiver()];
    for (const name of ['a', 'b', 'c']) send(name, silent.line);
    send('d', other.line);
    await clock.advanceAsync(LIMITS.firstAnswerMs - 1);
    expect(passed).toEqual(['a', 'b']);
    await clock.advanceAsync(1);
    expect(passed).toEqual(['a', 'b', 'd']);
    gate.close();
  });

  test('gives the room of a connection that is over to others', async () => {
    const { gate, passed, send } = createGate();
    const [lost, other] = [createReceiver(), createReceiver()];
    for (const name of ['a', 'b']) send(name, lost.line);
    send('c', other.line);
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b']);
    lost.breakOff(new Error('The connection was lost'));
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'c']);
    gate.close();
  });

  test('waits no longer when the call ends, and takes no room for it', async () => {
    const { gate, passed, send } = createGate();
    const receiver = createReceiver();
    const call = new AbortController();
    for (const name of ['a', 'b']) send(name, receiver.line);
    send('c', receiver.line, { signal: call.signal });
    send('d', receiver.line);
    await drainMicrotasks();
    call.abort();
    receiver.answerAll();
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'd']);
    gate.close();
  });

  test('asks about the last block when nothing follows it', async () => {
    const { gate, send } = createGate();
    const receiver = createReceiver();
    send('a', receiver.line, { bytes: 4 * KIB });
    await drainMicrotasks();
    expect(receiver.asked).toBe(0);
    gate.rests(receiver.line);
    gate.rests(receiver.line);
    await drainMicrotasks();
    expect(receiver.asked).toBe(1);
    gate.close();
  });

  test('asks only behind what it asks for', async () => {
    const { gate, send } = createGate();
    const history: string[] = [];
    const receiver = createReceiver(history);
    for (const name of ['a', 'b', 'c', 'd']) send(name, receiver.line, { history });
    for (let round = 0; round < 4; round += 1) {
      await drainMicrotasks();
      receiver.answerAll();
    }
    expect(history.join(' ')).toBe('a b ask ask c d ask ask');
    gate.close();
  });

  test('lets nobody who came later go before a large block that waits for room', async () => {
    const { gate, passed, waits, send } = createGate();
    const [one, other] = [createReceiver(), createReceiver()];
    send('a', one.line);
    send('b', one.line, { bytes: 16 * KIB });
    send('large', other.line, { bytes: 64 * KIB });
    send('small', one.line, { bytes: 16 * KIB });
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b']);
    expect(waits).toEqual([
      { name: 'large', isForOthers: true },
      { name: 'small', isForOthers: true },
    ]);
    one.answerAll();
    await drainMicrotasks();
    expect(passed.slice(0, 3)).toEqual(['a', 'b', 'large']);
    gate.close();
  });

  test('says when it is the receiver itself that is waited for', async () => {
    const { clock, gate, waits, send } = createGate();
    const silent = createReceiver();
    for (const name of ['a', 'b', 'c']) send(name, silent.line);
    await drainMicrotasks();
    expect(waits).toEqual([{ name: 'c', isForOthers: true }]);
    await clock.advanceAsync(LIMITS.firstAnswerMs);
    expect(waits).toEqual([
      { name: 'c', isForOthers: true },
      { name: 'c', isForOthers: false },
    ]);
    gate.close();
  });

  test('knows nothing of a connection whose call was over before', async () => {
    const { gate, passed, send } = createGate();
    const [lost, other] = [createReceiver(), createReceiver()];
    lost.breakOff(new Error('The connection was lost'));
    await drainMicrotasks();
    send('a', lost.line, { bytes: 64 * KIB, signal: AbortSignal.abort() });
    send('b', other.line, { bytes: 64 * KIB });
    await drainMicrotasks();
    expect(passed).toEqual(['b']);
    gate.close();
  });

  test('looks no more at those that wait once it is closed', async () => {
    const { clock, gate, passed, send } = createGate();
    const [silent, other] = [createReceiver(), createReceiver()];
    for (const name of ['a', 'b']) send(name, silent.line);
    send('c', other.line);
    await drainMicrotasks();
    gate.close();
    await clock.advanceAsync(10 * LIMITS.firstAnswerMs);
    expect(passed).toEqual(['a', 'b']);
  });
});

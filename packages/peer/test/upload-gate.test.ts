import { createManualClock, drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { describe, expect, test } from 'vitest';
import { UploadGate, type UploadLine } from '../src/shell/upload-gate.ts';

const KIB = 1024;
const LIMITS = { aheadMs: 50, startBytes: 64 * KIB, firstAnswerMs: 1_000 };
const NEVER = new AbortController().signal;

/** A receiver whose answers come when the test says so. */
function createReceiver() {
  const questions: PromiseWithResolvers<void>[] = [];
  const closed = Promise.withResolvers<undefined>();
  const line = {
    arrival() {
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
  return {
    clock,
    gate,
    passed,
    /** Sends a block of 32 KiB as soon as it may go, and notes its name then. */
    send(name: string, line: UploadLine, signal = NEVER): void {
      void gate.pass(line, 32 * KIB, signal).then(() => {
        passed.push(name);
        if (!signal.aborted) gate.sent();
      });
    },
  };
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
    send('c', receiver.line, call.signal);
    send('d', receiver.line);
    await drainMicrotasks();
    call.abort();
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'c']);
    receiver.answerAll();
    await drainMicrotasks();
    expect(passed).toEqual(['a', 'b', 'c', 'd']);
    gate.close();
  });

  test('asks about the last block when nothing follows it', async () => {
    const { gate, send } = createGate();
    const receiver = createReceiver();
    void gate.pass(receiver.line, 4 * KIB, NEVER);
    await drainMicrotasks();
    expect(receiver.asked).toBe(0);
    gate.rests(receiver.line);
    gate.rests(receiver.line);
    expect(receiver.asked).toBe(1);
    receiver.answerAll();
    send('a', receiver.line);
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

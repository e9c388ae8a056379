import { describe, expect, test } from 'vitest';
import { toHex } from './support/hex.ts';
import { codeOf, connectPair, contract } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

describe('arrival', () => {
  test('is known when the other side has read all that was made before', async () => {
    const pair = await connectPair();
    const call = pair.near.client(contract).greet({ name: 'Ada' });
    await pair.clock.runUntilSettled(pair.near.arrival());
    expect(await call).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });

  test('numbers its questions, and takes one answer for all before it', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const settled: number[] = [];
    const questions = [1, 2, 3].map((question) =>
      puppet.connection.arrival().then(() => settled.push(question)),
    );
    await puppet.clock.advanceAsync(0);
    const pings = puppet.frames.filter(({ type }) => type === 'ping');
    expect(pings.map(({ payload }) => toHex(payload))).toEqual(['01', '02', '03']);
    await puppet.send('pong', '');
    expect(settled).toEqual([]);
    await puppet.send('pong', '02');
    expect(settled).toEqual([1, 2]);
    await puppet.send('pong', '03');
    await Promise.all(questions);
    await puppet.end();
  });

  test('of several questions that come together the last is answered', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const ping = (question: string) => `4d540470696e6700000001${question}`;
    await puppet.sendBytes(
      Buffer.from(`${ping('07')}${ping('08')}4d540470696e6700000000${ping('09')}`, 'hex'),
    );
    const pongs = puppet.frames.filter(({ type }) => type === 'pong');
    expect(pongs.map(({ payload }) => toHex(payload))).toEqual(['09']);
    await puppet.end();
  });

  test('a ping for a sign of life takes the place of no question', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const arrival = puppet.connection.arrival();
    await puppet.clock.advanceAsync(60_000);
    const pings = puppet.frames.filter(({ type }) => type === 'ping');
    expect(pings.map(({ payload }) => toHex(payload))).toEqual(['01', '01']);
    await puppet.send('pong', '01');
    await arrival;
    await puppet.end();
  });

  test.each([
    ['to a question that was not asked', '02', 'unexpected_frame'],
    ['that is no number', 'ff', 'bad_envelope'],
  ])('a pong %s ends the connection', async (_, payload, code) => {
    const puppet = await createPuppet();
    await puppet.greet();
    const question = codeOf(puppet.connection.arrival());
    await puppet.send('pong', payload);
    expect([await question, puppet.goodbyeCode]).toEqual(['connection_lost', code]);
    expect(await codeOf(puppet.connection.arrival())).toBe('connection_lost');
    await puppet.end();
  });
});

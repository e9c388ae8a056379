/** The golden frames of a connection in every split: the session sees the same events wherever the network cuts them. */
import type { Reader } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../src/index.ts';
import { Session } from '../src/session.ts';
import { goldenFrames as golden } from './golden.ts';
import { fromHex } from './support/hex.ts';
import { contract } from './support/pair.ts';

const { greet, count } = contract.methods;

/** What a session that has called `greet` says of these bytes, which follow a `hello`. */
function eventsOf(chunks: readonly Uint8Array[]): string[] {
  const methods = new Map<string, typeof greet | typeof count>(Object.entries({ greet, count }));
  const session = new Session({
    callsInFlight: 64,
    maxPayloadBytes: () => 4096,
    methodServed: (name) => methods.get(name),
  });
  session.receive(fromHex(golden.hello.hex));
  session.nextEvent();
  session.request('greet', greet, 0, { name: 'Ada' });
  session.takeOutput();
  const seen: string[] = [];
  try {
    for (const chunk of chunks) {
      session.receive(chunk);
      for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
        const { id, name } = 'call' in event ? event.call : { id: 0, name: '' };
        const body = 'body' in event ? hexOf(event.body) : '';
        seen.push(`${event.kind} ${id} ${name} ${body}`);
      }
    }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    seen.push(`failed ${error.code}`);
  }
  return [...seen, session.state, String(session.partialBytes), String(session.hasOutput)];
}

function hexOf(body: Reader): string {
  const bytes: number[] = [];
  while (body.remaining > 0) bytes.push(body.u8());
  return Buffer.from(bytes).toString('hex');
}

const { streamRequest, ...others } = golden;
const conversations = {
  ...Object.fromEntries(Object.values(others).map(({ name, hex }) => [name, hex])),
  'a stream, credit, cancel, a ping and a goodbye': [
    ...[streamRequest, golden.credit, golden.cancel, golden.ping, golden.goodbye],
  ]
    .map(({ hex }) => hex)
    .join(''),
};

describe('every split of every golden frame', () => {
  test.each(Object.entries(conversations))('means the same: %s', (_name, hex) => {
    const bytes = fromHex(hex);
    const whole = eventsOf([bytes]);
    expect(eventsOf([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
    for (let first = 0; first <= bytes.length; first += 1) {
      expect(eventsOf([bytes.subarray(0, first), bytes.subarray(first)])).toEqual(whole);
    }
  });

  test('means what it says, and is no failure where it is expected', () => {
    expect(eventsOf([fromHex(golden.response.hex)])[0]).toBe('response 1 greet 0948656c6c6f20416461');
    expect(eventsOf([fromHex(streamRequest.hex)])[0]).toBe('request 300 count 00000003');
    const [request, credit, cancel, goodbye] = eventsOf([
      fromHex(conversations['a stream, credit, cancel, a ping and a goodbye']),
    ]);
    expect([request, credit, cancel, goodbye]).toEqual([
      'request 300 count 00000003',
      'credit 300 count ',
      'cancel 300 count ',
      'goodbye 0  ',
    ]);
  });
});

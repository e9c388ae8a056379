import type { Frame } from '@minitorrent/wire-codec';
import { createFrameDecoder, encodeFrame } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import {
  goodbyeFrame,
  helloFrame,
  pingFrame,
  pongFrame,
  readGoodbye,
  readHello,
} from '../src/control-frames.ts';
import { EnvelopeWriter, readEnvelope } from '../src/envelope.ts';
import { goldenFrames as golden } from './golden.ts';
import { fromHex, toHex } from './support/hex.ts';
import { contract } from './support/pair.ts';

const { greet, count } = contract.methods;
const MIB = 1024 * 1024;

describe('frames of version 1', () => {
  const writer = new EnvelopeWriter();
  const made: Record<keyof typeof golden, () => Uint8Array[]> = {
    hello: () => helloFrame({ minVersion: 1, maxVersion: 1, callsInFlight: 64 }),
    unaryRequest: () => writer.request('greet', 1, 0, greet.request, { name: 'Ada' }),
    streamRequest: () => writer.request('count', 300, MIB, count.request, { to: 3 }),
    response: () => writer.response('greet', 1, greet.response, { greeting: 'Hello Ada' }),
    error: () => writer.error('greet', 1, { code: 'busy', message: 'Come back later' }),
    item: () => writer.item('count', 300, count.item, 7),
    end: () => writer.end('count', 300),
    cancel: () => writer.cancel('count', 300),
    credit: () => writer.credit('count', 300, MIB / 2),
    ping: () => pingFrame(),
    pong: () => pongFrame(),
    question: () => pingFrame(300),
    arrived: () => pongFrame(fromHex('ac02')),
    goodbye: () => goodbyeFrame(),
    failedGoodbye: () => goodbyeFrame({ code: 'idle_timeout', message: 'Silence' }),
  };

  for (const [key, make] of Object.entries(made)) {
    const { name, hex } = golden[key as keyof typeof golden];
    test(`${name}: is written as these bytes for ever`, () => expect(hexOf(make())).toBe(hex));
  }
});

describe('golden frames', () => {
  test('hello: states versions and calls', () => {
    expect(readHello(frameOf('hello').payload)).toEqual({ minVersion: 1, maxVersion: 1, callsInFlight: 64 });
  });

  test('hello: a later version may add fields', () => {
    const longer = fromHex('00000005010140ffff');
    expect(readHello(longer)).toEqual({ minVersion: 1, maxVersion: 1, callsInFlight: 64 });
  });

  test('goodbye: tells why', () => {
    expect(readGoodbye(frameOf('goodbye').payload)).toEqual({ error: undefined });
    expect(readGoodbye(frameOf('failedGoodbye').payload)).toEqual({
      error: { code: 'idle_timeout', message: 'Silence' },
    });
  });

  test('envelopes: are read as what they say', () => {
    expect(readEnvelope(frameOf('streamRequest').payload)).toMatchObject({
      kind: 'request',
      id: 300,
      windowBytes: MIB,
    });
    expect(readEnvelope(frameOf('response').payload)).toMatchObject({ kind: 'response', id: 1 });
    expect(readEnvelope(frameOf('item').payload)).toMatchObject({ kind: 'item', id: 300 });
    expect(readEnvelope(frameOf('end').payload)).toEqual({ kind: 'end', id: 300 });
    expect(readEnvelope(frameOf('cancel').payload)).toEqual({ kind: 'cancel', id: 300 });
    expect(readEnvelope(frameOf('credit').payload)).toEqual({ kind: 'credit', id: 300, bytes: MIB / 2 });
    expect(readEnvelope(frameOf('error').payload)).toEqual({
      kind: 'error',
      id: 1,
      error: { code: 'busy', message: 'Come back later' },
    });
  });

  test('bodies: follow their envelope', () => {
    const envelope = readEnvelope(frameOf('unaryRequest').payload);
    if (envelope.kind !== 'request') throw new Error('not a request');
    expect(greet.request.codec.read(envelope.body)).toEqual({ name: 'Ada' });
  });
});

function frameOf(key: keyof typeof golden): Frame {
  const decoder = createFrameDecoder({ maxPayloadBytes: 1000 });
  decoder.push(fromHex(golden[key].hex));
  const frame = decoder.next();
  if (frame === undefined) throw new Error('not a whole frame');
  expect(hexOf(encodeFrame(frame.type, frame.payload))).toBe(golden[key].hex);
  return frame;
}

function hexOf(parts: readonly Uint8Array[]): string {
  return parts.map((part) => toHex(part)).join('');
}

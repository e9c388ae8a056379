import { createFrameDecoder } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnvelopeWriter, envelopeKinds, readEnvelope } from '../src/envelope.ts';
import { RpcError } from '../src/index.ts';
import { assertProperty } from './support/assert-property.ts';
import { fromHex } from './support/hex.ts';
import { contract } from './support/pair.ts';

const { greet, count, blobs } = contract.methods;
const id = fc.maxSafeNat();
const name = fc.string({ maxLength: 20, unit: 'grapheme-ascii' });

describe('EnvelopeWriter and readEnvelope', () => {
  const writer = new EnvelopeWriter();

  test('requests come back as they were', () => {
    assertProperty(
      fc.property(id, id, name, (callId, windowBytes, who) => {
        const envelope = readEnvelope(
          payloadOf(writer.request('greet', callId, windowBytes, greet.request, { name: who })),
        );
        expect(envelope).toMatchObject({ kind: 'request', id: callId, windowBytes });
        if (envelope.kind === 'request')
          expect(greet.request.codec.read(envelope.body)).toEqual({ name: who });
      }),
    );
  });

  test('frames without a body come back as they were', () => {
    assertProperty(
      fc.property(id, id, (callId, bytes) => {
        expect(readEnvelope(payloadOf(writer.end('count', callId)))).toEqual({ kind: 'end', id: callId });
        expect(readEnvelope(payloadOf(writer.cancel('count', callId)))).toEqual({
          kind: 'cancel',
          id: callId,
        });
        const credit = readEnvelope(payloadOf(writer.credit('count', callId, bytes)));
        expect(credit).toEqual({ kind: 'credit', id: callId, bytes });
      }),
    );
  });

  test('errors come back as they were', () => {
    assertProperty(
      fc.property(id, fc.stringMatching(/^[a-z_]{1,32}$/), name, (callId, code, message) => {
        const envelope = readEnvelope(payloadOf(writer.error('greet', callId, { code, message })));
        expect(envelope).toEqual({ kind: 'error', id: callId, error: { code, message } });
      }),
    );
  });

  test('errors of a later version are read, whatever it adds', () => {
    const hex = `${'0301'}${'0000000a'}${'0462757379'}${'026e6f'}${'0107'}`;
    expect(readEnvelope(fromHex(hex))).toEqual({
      kind: 'error',
      id: 1,
      error: { code: 'busy', message: 'no' },
    });
  });

  test('items of 4 KiB and more go out by reference', () => {
    const data = new Uint8Array(8192);
    const parts = writer.item('blobs', 1, blobs.item, data);
    expect(parts.some((part) => part.buffer === data.buffer)).toBe(true);
  });

  test('the payload size of the last frame is known', () => {
    const payload = payloadOf(writer.item('count', 300, count.item, 7));
    expect(writer.payloadBytes).toBe(payload.length);
  });

  test('a body over the contract’s limit is refused before it is sent', () => {
    const small = { codec: greet.request.codec, maxBytes: 3 };
    expect(() => writer.request('greet', 1, 0, small, { name: 'Ada' })).toThrow(/4 bytes.*allows 3/);
  });
});

describe('readEnvelope', () => {
  const writer = new EnvelopeWriter();

  test('every strict prefix of a frame without a body is refused', () => {
    for (const parts of [
      writer.end('count', 300),
      writer.credit('count', 300, 300),
      writer.cancel('count', 300),
    ]) {
      expectPrefixesRefused(payloadOf(parts));
    }
    expectPrefixesRefused(payloadOf(writer.error('count', 300, { code: 'busy', message: 'later' })));
  });

  test.each([
    ['kind 0', '0001'],
    ['kind 8', '0801'],
    ['a call id in needless bytes', '058100'],
    ['bytes after the end', '050100'],
    ['an error code with capitals', '030100000005' + '0242410161'],
    ['an empty error code', '030100000002' + '0000'],
    ['an error message over its limit', `030100000806026161${'8110'}${'61'.repeat(2049)}`],
  ])('%s is refused with bad_envelope', (_what, hex) => {
    expectRefused(fromHex(hex));
  });

  test('arbitrary bytes are read or refused, never more', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(Object.keys(envelopeKinds)).toContain(readEnvelope(bytes).kind);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_envelope' });
        }
      }),
    );
  });
});

function expectPrefixesRefused(payload: Uint8Array): void {
  for (let length = 0; length < payload.length; length++) expectRefused(payload.subarray(0, length));
}

function expectRefused(payload: Uint8Array): void {
  expect(() => readEnvelope(payload)).toThrow(RpcError);
  expect(() => readEnvelope(payload)).toThrow(expect.objectContaining({ code: 'bad_envelope' }));
}

function payloadOf(parts: readonly Uint8Array[]): Uint8Array {
  const decoder = createFrameDecoder({ maxPayloadBytes: 10_000 });
  for (const part of parts) decoder.push(part);
  const frame = decoder.next();
  if (frame === undefined) throw new Error('not a whole frame');
  return frame.payload;
}

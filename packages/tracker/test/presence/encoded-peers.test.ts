import { decode, encode } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announceAnswer, encodedAnnounceAnswer, encodePeers } from '../../src/messages.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const peer = fc.record({
  userId: fc.constantFrom('alice', 'zoë'),
  deviceId: bytes32,
  host: fc.constantFrom('10.0.0.1', '2001:db8::1'),
  port: fc.nat(65_535),
  holding: fc.constantFrom('complete', 'partial'),
});
const swarm = fc.record({
  groupId: fc.constantFrom('friends', 'family'),
  root: bytes32,
  peers: fc.array(peer, { maxLength: 60, size: 'max' }),
});
const answer = fc.record({ intervalMs: fc.nat(), swarms: fc.array(swarm, { maxLength: 8 }) });

describe('encodedAnnounceAnswer', () => {
  it('is the answer of an announce, byte for byte, with peers that are bytes already', async () => {
    await fc.assert(
      fc.property(answer, (value) => {
        const swarms = value.swarms.map((one) => ({ ...one, peers: encodePeers(one.peers) }));
        const wanted = encode(announceAnswer, value).slice();
        expect(encode(encodedAnnounceAnswer, { ...value, swarms })).toEqual(wanted);
        expect(decode(encodedAnnounceAnswer, wanted)).toEqual({ ...value, swarms });
      }),
    );
  });
});

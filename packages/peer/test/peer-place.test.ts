import { describe, expect, it } from 'vitest';
import { peerAtOtherEnd, peerOfDevice } from '../src/peer-place.ts';

const remote = { host: '10.0.0.1', port: 7 };
const deviceId = new Uint8Array(32).fill(0xab);

describe('peerAtOtherEnd', () => {
  it('is the device where the network proves one, whatever address it comes from', () => {
    const elsewhere = { host: '10.0.0.2', port: 8 };
    expect(peerAtOtherEnd({ remote, remoteIdentity: deviceId })).toBe('ab'.repeat(32));
    expect(peerAtOtherEnd({ remote: elsewhere, remoteIdentity: deviceId })).toBe(peerOfDevice(deviceId));
  });

  it('is the address where it does not', () => {
    expect(peerAtOtherEnd({ remote })).toBe('10.0.0.1:7');
  });
});

import { describe, expect, it } from 'vitest';
import { type PinnedAddress, whoToExpect } from '../src/index.ts';
import { createMemoryNetwork } from '../src/memory.ts';
import { createIdentity } from '../src/tls.ts';

const { deviceId: pin } = createIdentity();
const known: PinnedAddress = { host: 'somewhere', port: 7700, pin };
const unknown: PinnedAddress = { host: '::1', port: 7700 };

describe('whoToExpect', () => {
  it('expects the pin, and wants one, where the network proves who answers', () => {
    const network = createMemoryNetwork().from('here', pin);
    expect(whoToExpect(network, known)).toEqual({ expect: pin });
    expect(() => whoToExpect(network, unknown)).toThrow(
      expect.objectContaining({ code: 'no_pin', message: expect.stringContaining('[::1]:7700') }),
    );
  });

  it('expects nobody where the network proves nothing', () => {
    const network = createMemoryNetwork();
    expect(whoToExpect(network, known)).toEqual({});
    expect(whoToExpect(network, unknown)).toEqual({});
  });
});

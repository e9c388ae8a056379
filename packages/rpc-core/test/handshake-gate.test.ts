import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHandshakeGate } from '../src/handshake-gate.ts';
import { defaultTlsLimits } from '../src/tls-limits.ts';

describe('defaultTlsLimits', () => {
  test('are those of PROTOCOL.md, section 4.5', () => {
    const protocol = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
    const { handshakeMs, handshakesPerAddress, handshakes } = defaultTlsLimits;
    const prose = protocol.replaceAll(/\s+/g, ' ');
    expect(prose).toContain(
      `the end of the handshake ${handshakeMs / 1000} s after the TCP connection ends it`,
    );
    expect(prose).toContain(`${handshakesPerAddress} unfinished handshakes from one address at once`);
    expect(prose).toContain(`and ${handshakes} of one listener`);
  });
});

describe('createHandshakeGate', () => {
  test('lets in so many from one address, and the next when one has left', () => {
    const gate = createHandshakeGate({ ...defaultTlsLimits, handshakesPerAddress: 2 });
    const leave = gate.enter('10.0.0.1');
    expect(gate.enter('10.0.0.1')).toBeDefined();
    expect(gate.enter('10.0.0.1')).toBeUndefined();
    expect(gate.enter('10.0.0.2')).toBeDefined();
    leave?.();
    expect(gate.enter('10.0.0.1')).toBeDefined();
  });

  test('takes an IPv6 network for one address', () => {
    const gate = createHandshakeGate({ ...defaultTlsLimits, handshakesPerAddress: 1 });
    expect(gate.enter('2001:db8::1')).toBeDefined();
    expect(gate.enter('2001:db8::ffff')).toBeUndefined();
    expect(gate.enter('2001:db8:0:1::1')).toBeDefined();
  });

  test('lets in so many in all', () => {
    const gate = createHandshakeGate({ ...defaultTlsLimits, handshakes: 2 });
    gate.enter('10.0.0.1');
    const leave = gate.enter('10.0.0.2');
    expect(gate.enter('10.0.0.3')).toBeUndefined();
    leave?.();
    expect(gate.enter('10.0.0.3')).toBeDefined();
  });

  test('counts who leaves twice once, and who is refused not at all', () => {
    const gate = createHandshakeGate({ ...defaultTlsLimits, handshakesPerAddress: 1, handshakes: 2 });
    const leave = gate.enter('10.0.0.1');
    expect(gate.enter('10.0.0.1')).toBeUndefined();
    gate.enter('10.0.0.2');
    leave?.();
    leave?.();
    expect(gate.enter('10.0.0.1')).toBeDefined();
    expect(gate.enter('10.0.0.3')).toBeUndefined();
  });
});

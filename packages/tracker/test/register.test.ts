import { describe, expect, it } from 'vitest';
import { type Config, createMemoryRegister, RegisterCell, sameConfig } from '../src/register.ts';
import { registerContract } from './register-contract.ts';

const primary = '0a'.repeat(16);
const first: Config = { epoch: 1, primary, inSync: [primary] };

registerContract('createMemoryRegister', async () => {
  const cell = new RegisterCell();
  return { open: async () => createMemoryRegister(cell), [Symbol.asyncDispose]: async () => {} };
});

describe('sameConfig', () => {
  it('does not look at the order of those in sync', () => {
    const other = '0b'.repeat(16);
    const both = { ...first, inSync: [primary, other] };
    expect(sameConfig(both, { ...both, inSync: [other, primary] })).toBe(true);
    expect(sameConfig(both, first)).toBe(false);
    expect(sameConfig(both, { ...both, primary: other })).toBe(false);
    expect(sameConfig(first, { ...first, epoch: 2 })).toBe(false);
  });
});

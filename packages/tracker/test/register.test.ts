import { describe, expect, it } from 'vitest';
import { type Config, createMemoryRegister, noConfig, RegisterCell, sameConfig } from '../src/register.ts';

const primary = '0a'.repeat(16);
const first: Config = { epoch: 1, primary, inSync: [primary] };

describe('createMemoryRegister', () => {
  it('begins with nobody, and changes for whoever knows its epoch', async () => {
    const register = createMemoryRegister();
    expect(await register.read()).toEqual({ kind: 'current', config: noConfig });
    expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'ok' });
    expect(await register.read()).toEqual({ kind: 'current', config: first });
  });

  it('answers what it has to a swap that comes late, and changes nothing', async () => {
    const cell = new RegisterCell(first);
    const register = createMemoryRegister(cell);
    expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'current', config: first });
    expect(cell.config).toBe(first);
  });

  it('takes no epoch but the next', async () => {
    const register = createMemoryRegister();
    await expect(register.compareAndSwap(0, { ...first, epoch: 2 })).rejects.toThrow(RangeError);
  });
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

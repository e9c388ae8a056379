import { describe, expect, it } from 'vitest';
import { acquireLock, createProcessOwner } from '../src/shell/lock-file.ts';
import { codeOfCall } from './error-code.ts';
import { FaultFileSystem } from './fault-file-system.ts';

const PATH = '/files/x.lock';

describe('acquireLock', () => {
  it('gives the lock to one owner at a time, and leaves nothing behind', async () => {
    const fs = new FaultFileSystem(['/files']);
    const lock = await acquireLock(fs, PATH, owner('1', ['1', '2']));
    expect([...fs.contents().keys()]).toEqual([PATH]);
    expect(await codeOfCall(acquireLock(fs, PATH, owner('2', ['1', '2'])))).toBe('locked');
    expect(await codeOfCall(acquireLock(fs, PATH, owner('1', ['1', '2'])))).toBe('locked');
    await lock.release();
    await lock.release();
    expect(fs.contents().size).toBe(0);
    expect(fs.openHandles).toBe(0);
  });

  it('takes over the lock of an owner that is gone', async () => {
    const fs = new FaultFileSystem(['/files']);
    await acquireLock(fs, PATH, owner('1', ['1']));
    await acquireLock(fs, PATH, owner('2', ['2']));
    expect(new TextDecoder().decode(fs.contents().get(PATH))).toBe('2\n');
    expect(fs.contents().size).toBe(1);
  });

  it('leaves a lock alone that was taken while the stale one was looked at', async () => {
    const fs = new FaultFileSystem(['/files']);
    await acquireLock(fs, PATH, owner('1', ['1']));
    fs.beforeStep = ({ action, path }) => {
      if (action !== 'rename' || !path.endsWith('.stale')) return;
      fs.plant(PATH, new TextEncoder().encode('3\n'));
    };
    expect(await codeOfCall(acquireLock(fs, PATH, owner('2', ['2', '3'])))).toBe('locked');
    expect(new TextDecoder().decode(fs.contents().get(PATH))).toBe('3\n');
    expect(fs.contents().size).toBe(1);
  });

  it('has one winner of many, whatever the order of their steps', async () => {
    for (let seed = 1; seed < 200; seed += 1) {
      const fs = new FaultFileSystem(['/files']);
      const ids = ['a', 'b', 'c', 'd'];
      let state = seed;
      fs.delay = () => {
        state = (state * 48_271) % 2_147_483_647;
        return state % 7;
      };
      const outcomes = await Promise.all(ids.map((id) => codeOfCall(acquireLock(fs, PATH, owner(id, ids)))));
      expect(outcomes.sort()).toEqual(['locked', 'locked', 'locked', 'nothing thrown']);
    }
  });

  it('takes over what a power cut left of a lock, though it begins like the name of somebody who lives', async () => {
    for (const left of ['', '1', '12', '\0\0\0\0']) {
      const fs = new FaultFileSystem(['/files']);
      fs.plant(PATH, new TextEncoder().encode(left));
      await acquireLock(fs, PATH, owner('3', ['', '1', '12', '3', '\0\0\0', '\0\0\0\0']));
      expect(new TextDecoder().decode(fs.contents().get(PATH))).toBe('3\n');
    }
  });

  it('does not believe a lock that is too long to be one', async () => {
    const fs = new FaultFileSystem(['/files']);
    fs.plant(PATH, new Uint8Array(1_000));
    expect(await codeOfCall(acquireLock(fs, PATH, owner('1', ['1'])))).toBe('locked');
  });
});

describe('createProcessOwner', () => {
  const self = createProcessOwner();

  it('knows itself, and an earlier process with its number from itself', () => {
    expect(self.isAlive(self.id)).toBe(true);
    expect(self.isAlive(`${process.pid}.1`)).toBe(false);
    expect(createProcessOwner().id).toBe(self.id);
  });

  it('knows whether another process runs', () => {
    expect(self.isAlive(`${process.ppid}.123`)).toBe(true);
    expect(self.isAlive('4194999.123')).toBe(false);
    for (const nonsense of ['', 'x', '-1.5', '0.1', '1e400'])
      expect(self.isAlive(nonsense)).toBe(nonsense === '1e400');
  });
});

function owner(id: string, alive: readonly string[]): Parameters<typeof acquireLock>[2] {
  return { id, isAlive: (other) => alive.includes(other) };
}

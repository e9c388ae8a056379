import type { Address } from '@minitorrent/rpc-core';
import type { TrackerStatus } from '@minitorrent/tracker';
import { describe, expect, it } from 'vitest';
import { recallConfig } from '../src/cluster/lost-register.ts';
import { device } from './support/devices.ts';

const A = 'aa'.repeat(16);
const B = 'bb'.repeat(16);

function statusOf(storeId: string, changes: Partial<TrackerStatus> = {}): TrackerStatus {
  return {
    role: 'primary',
    reason: '',
    changedMsAgo: 0,
    storeId: Uint8Array.from(Buffer.from(storeId, 'hex')),
    config: { epoch: 4, primary: A, inSync: [A, B] },
    headIndex: 0,
    committedIndex: 0,
    register: 'silent',
    others: [{ name: 'other', storeId: undefined, isInSync: true, lag: undefined, heardMsAgo: undefined }],
    lastTakeover: undefined,
    faults: [],
    ...changes,
  };
}

function recall(statuses: Readonly<Record<string, TrackerStatus>>, names = Object.keys(statuses)) {
  const ask = async ({ host }: Address) => {
    const status = statuses[host];
    if (status === undefined) throw Object.assign(new Error('Away'), { code: 'connect_failed' });
    return status;
  };
  return recallConfig(
    names.map((host) => ({ host, port: 1, pin: device(1) })),
    ask,
  );
}

describe('recallConfig', () => {
  it('takes the newest config that any tracker knows', async () => {
    const newer = { epoch: 5, primary: A, inSync: [A] };
    expect(await recall({ a: statusOf(A, { config: newer }), b: statusOf(B) })).toEqual(newer);
    expect(await recall({ b: statusOf(B), a: statusOf(A, { config: newer }) })).toEqual(newer);
  });

  it('refuses to guess where a tracker of the cluster was not named, or does not answer', async () => {
    await expect(recall({ a: statusOf(A) })).rejects.toMatchObject({
      code: 'tracker_missing',
      message: expect.stringContaining('a:1 knows 1 others, and 1 were named'),
    });
    await expect(recall({ a: statusOf(A) }, ['a', 'b'])).rejects.toMatchObject({ code: 'connect_failed' });
  });

  it('refuses where one that was in sync lost its data, for then nobody knows what it knew', async () => {
    const wiped = statusOf('cc'.repeat(16), { config: { epoch: 0, primary: A, inSync: [] } });
    await expect(recall({ a: statusOf(A), b: wiped })).rejects.toMatchObject({
      code: 'tracker_missing',
      message: expect.stringContaining('1 that was in sync did not answer'),
    });
  });
});

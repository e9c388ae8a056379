/** What can be told of a store in a folder on which no tracker runs. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { describe, expect, it } from 'vitest';
import { toHex } from '../src/hex.ts';
import { readStore } from '../src/shell/read-store.ts';
import { createTestFolder } from './helpers/folder.ts';
import { connectPeer, startTracker } from './helpers/peers.ts';

describe('readStore', () => {
  it('tells the id and the last entry of a store, which no tracker uses meanwhile', async () => {
    await using folder = await createTestFolder();
    const network = createMemoryNetwork();
    const dataDir = join(folder.path, 'data');
    const tracker = await startTracker({ network, dataDir });
    await using peer = await connectPeer({ network, address: tracker.address });
    await peer.signUp('alice');
    const storeId = toHex(tracker.status().storeId);
    await expect(readStore({ dataDir })).rejects.toMatchObject({ code: 'locked' });
    await tracker.close();
    expect(await readStore({ dataDir })).toEqual({ storeId, epoch: 1, index: 2 });
    expect(await readStore({ dataDir })).toMatchObject({ storeId });
  });

  it('makes nothing where there is nothing', async () => {
    await using folder = await createTestFolder();
    expect(await readStore({ dataDir: join(folder.path, 'none') })).toMatchObject({ epoch: 0, index: 0 });
    expect(await readdir(folder.path)).toEqual([]);
  });
});

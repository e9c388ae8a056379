import { RpcError } from '@minitorrent/rpc-core';
import { describe, expect, it, vi } from 'vitest';
import { resultLines } from '../src/output/human-text.ts';
import { listedShares } from '../src/shell/listed-shares.ts';
import { createFakeShare } from './support/fake-peer.ts';
import { shareRow } from './support/reports.ts';

const share = createFakeShare();
const { signal } = new AbortController();

/** What is said of one share where its group's list is answered like this. */
async function isListed(listFiles: () => Promise<unknown>): Promise<boolean | null | undefined> {
  // No more of a listing is looked at.
  const peer = { shares: () => [share], listFiles } as unknown as Parameters<typeof listedShares>[0];
  return (await listedShares(peer, signal))[0]?.isListed;
}

const listing = (files: readonly unknown[], mayBeStale = false) => ({
  items: files.map((file) => ({ file })),
  mayBeStale,
});

describe('listedShares', () => {
  it('tells what a tracker lists, and what it does not know of', async () => {
    const other = { ...share.file, root: new Uint8Array(32).fill(9) };
    expect(await isListed(async () => listing([share.file]))).toBe(true);
    expect(await isListed(async () => listing([share.file], true))).toBe(true);
    expect(await isListed(async () => listing([]))).toBe(false);
    // Another file took the name.
    expect(await isListed(async () => listing([other]))).toBe(false);
    // A tracker that was wiped.
    for (const code of ['unknown_group', 'not_a_member'] as const)
      expect(await isListed(() => Promise.reject(new RpcError(code, 'There is no such group')))).toBe(false);
  });

  it('does not guess where nobody can tell', async () => {
    expect(await isListed(async () => listing([], true))).toBeNull();
    expect(await isListed(() => Promise.reject(new RpcError('connect_failed', 'Nobody there')))).toBeNull();
  });

  it('asks once for each group', async () => {
    const listFiles = vi.fn(async () => listing([]));
    const shares = () => [share, { ...share, groupId: 'other' }, share];
    const peer = { shares, listFiles } as unknown as Parameters<typeof listedShares>[0];
    expect(await listedShares(peer, signal)).toHaveLength(3);
    expect(listFiles).toHaveBeenCalledTimes(2);
  });

  it('ends with the command that asks', async () => {
    const ending = AbortSignal.abort(new Error('Cancelled'));
    const peer = { shares: () => [share], listFiles: () => Promise.reject(new Error('Cancelled')) };
    await expect(listedShares(peer, ending)).rejects.toThrow('Cancelled');
  });
});

describe('show_shares', () => {
  const lines = (listed: boolean | null) =>
    resultLines({ command: 'show_shares', shares: [{ ...shareRow, isListed: listed }] }).slice(1);

  it('says which are served in vain, and what to do', () => {
    expect(lines(true)).toEqual([expect.stringMatching(/ serving {2,}250 MB/)]);
    expect(lines(false)).toEqual([
      expect.stringContaining(' serving, NOT LISTED '),
      'What is not listed nobody finds: no tracker knows of it, or not any more. Next: upload_file films /home/alice/holiday.mkv; before that create_group or join_group, where list_groups does not show the group as yours',
    ]);
    expect(lines(null)[1]).toBe('No tracker tells now whether others find all of this');
  });
});

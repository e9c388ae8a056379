/**
 * What this peer shares, and whether a tracker lists it: a tracker that lost its data knows nothing of what is served, and
 * nobody finds it any more.
 */
import type { Peer, Share } from '@minitorrent/peer';
import debug from 'debug';
import { describeDefect, describeFailure } from '../failure.ts';
import type { ShareRow } from '../output/file-reports.ts';
import { shareRow } from './rows.ts';

const log = debug('minitorrent:cli:shares');

/** A tracker that can be reached has answered by then. */
const PATIENCE_MS = 2_000;
/** A tracker says so of groups that it does not know, or that the user is not in. */
const NOT_THERE: ReadonlySet<string | null> = new Set(['unknown_group', 'not_a_member']);

/** What a tracker lists of a group; undefined where none tells. */
type Listed = { readonly has: (share: Share) => boolean | null } | undefined;

/** One row for each share. A group whose list nobody gives in time leaves `isListed` null. */
export async function listedShares(
  peer: Pick<Peer, 'shares' | 'listFiles'>,
  signal: AbortSignal,
): Promise<ShareRow[]> {
  const shares = peer.shares();
  const groups = [...new Set(shares.map(({ groupId }) => groupId))];
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const lists = await Promise.all(groups.map((groupId) => listOf(peer, groupId, patience)));
  signal.throwIfAborted();
  return shares.map((share) => {
    const list = lists[groups.indexOf(share.groupId)];
    return shareRow(share, list?.has(share) ?? null);
  });
}

async function listOf(peer: Pick<Peer, 'listFiles'>, groupId: string, signal: AbortSignal): Promise<Listed> {
  try {
    const { items, mayBeStale } = await peer.listFiles(groupId, { signal });
    const roots = new Map(items.map(({ file }) => [file.name, Buffer.from(file.root)]));
    return {
      has: ({ file }) =>
        roots.get(file.name)?.equals(file.root) === true ? true : mayBeStale ? null : false,
    };
  } catch (error) {
    if (NOT_THERE.has(describeFailure(error).code)) return { has: () => false };
    log('nobody lists the files of %s: %s', groupId, describeDefect(error));
    return undefined;
  }
}

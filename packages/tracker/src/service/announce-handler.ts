/**
 * Serves `announce`: takes in what a device holds, and answers who else has what it looks for.
 *
 * What the user may not announce is passed over without an error, because it is not one: somebody may have left the group
 * or ended the sharing while the message was on its way. Saying that a file is gone is always allowed.
 */
import type { Handlers } from '@minitorrent/rpc-core';
import { drawLots } from '../draw-lots.ts';
import { TrackerError } from '../errors.ts';
import { toHex } from '../hex.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { EncodedPeers } from '../messages.ts';
import type { TrackerState } from '../model.ts';
import type { Announcement } from '../presence.ts';
import type { ServiceParts } from './parts.ts';
import type { servedContract } from './served-contract.ts';
import type { Session } from './sessions.ts';

type AnnounceHandler = Pick<Handlers<typeof servedContract>, 'announce'>;

/** For peers, of the 64 KiB that a control message may have. */
const PEERS_BYTES = 60 * 1024;

interface Swarm {
  readonly groupId: string;
  readonly root: Uint8Array;
  readonly peers: EncodedPeers;
}

interface Announced extends Announcement {
  readonly rootBytes: Uint8Array;
}

export function createAnnounceHandler(parts: ServiceParts): AnnounceHandler {
  const { ledger, presence, sessions, announces, clock, random, limits } = parts;

  function requireRate({ device }: Session): void {
    const waitMs = announces.take(device, clock.now());
    if (waitMs === 0) return;
    const message = `Too many announces; announce again in ${waitMs} ms, and several files at a time`;
    throw new TrackerError('rate_limited', message);
  }

  /** The peers of some files that the device looks for, as many as an answer holds. */
  function swarmsFor(session: Session, wanted: readonly Announced[]): Swarm[] {
    const swarms: Swarm[] = [];
    let maxBytes = PEERS_BYTES;
    for (const place of drawLots(wanted.length, MESSAGE_LIMITS.swarmsPerAnswer, random)) {
      const file = wanted[place];
      if (file === undefined) continue;
      const draw = { except: session.device, most: MESSAGE_LIMITS.peersPerFile, random, maxBytes };
      const peers = presence.encodedPeersOf(file, draw);
      maxBytes -= peers.bytes.length;
      swarms.push({ groupId: file.groupId, root: file.rootBytes, peers });
    }
    return swarms;
  }

  async function allowedOnceSettled(
    session: Session,
    files: readonly Announced[],
  ): Promise<readonly Announced[]> {
    const known = await ledger.read((state) => allowedOf(state, session.userId, files));
    // Whoever left, logged out or was revoked while the read waited must not come back by this announce.
    sessions.requireStill(session);
    return allowedOf(ledger.latest, session.userId, known);
  }

  return {
    announce: async ({ port, files: announced }, { connection }) => {
      const session = sessions.require(connection);
      requireRate(session);
      const files = announced.map(({ groupId, root: rootBytes, holding }) => {
        return { groupId, root: toHex(rootBytes), holding, rootBytes };
      });
      const allowed = ledger.isSettled
        ? allowedOf(ledger.latest, session.userId, files)
        : await allowedOnceSettled(session, files);
      const { host } = connection.remote.remote;
      // Port 0: nobody can reach this peer, so nobody should try; what it gave up is true all the same.
      if (port === 0) presence.withdraw(session.device, allowed.filter(isGone));
      else presence.announce({ key: session.device, host, port }, allowed, clock.now());
      const wanted = allowed.filter((file) => file.holding === 'partial');
      return { intervalMs: limits.announceIntervalMs, swarms: swarmsFor(session, wanted) };
    },
  };
}

function allowedOf(state: TrackerState, userId: string, files: readonly Announced[]): readonly Announced[] {
  return files.filter(({ groupId, root, holding }) => {
    if (isGone({ holding })) return true;
    const group = state.groups.get(groupId);
    return group?.members.has(userId) === true && group.roots.has(root);
  });
}

function isGone({ holding }: Pick<Announcement, 'holding'>): boolean {
  return holding === 'gone';
}

/**
 * Finds a peer that sends the piece layer of a file.
 *
 * Peers are asked in turn without waiting long for any; one whose layer is not the file's is not asked again; the
 * tracker is asked for more peers for as long as it takes. A file of one piece or none needs no peer.
 */
import { type FileDescriptor, type Manifest, StoreError } from '@minitorrent/chunk-store';
import { type Clock, RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import { isBroken } from '../broken-answer.ts';
import { peerContract } from '../contract.ts';
import { hedge } from '../hedge.ts';
import type { PeerPlace } from '../peer-place.ts';
import type { PeerId } from '../swarm-events.ts';
import type { WaitingReason } from '../transfers.ts';
import { wait } from '../waiting.ts';
import { fetchPieceLayer, manifestOfShortFile } from './fetch-piece-layer.ts';
import type { PeerPool } from './peer-pool.ts';

const log = createDebug('minitorrent:peer:manifest');

/** After this the next peer is asked too. */
const STAGGER_MS = 1_000;
/** Before the first call for more peers; it doubles with each further one. */
const FIRST_CALL_MS = 1_000;
const LONGEST_CALL_MS = 16_000;
/** Before a peer is asked again that does not let this one in, or cannot prove itself: a stamp of either may be late. */
const ASIDE_MS = 10_000;

export interface ManifestQuest {
  readonly groupId: string;
  readonly file: FileDescriptor;
  /** The peers known at each moment. */
  readonly peers: ReadonlyMap<PeerId, PeerPlace>;
  readonly pool: PeerPool;
  /** Gets the lease on the connection over which the layer came, for whoever goes on with it. */
  readonly held: DisposableStack;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Asks the tracker for the peers of the file. */
  requestFile(signal: AbortSignal): Promise<void>;
  onWaiting(reason: WaitingReason): void;
  /** Why a peer is of no help now, for people. */
  onProblem?(peer: PeerId, problem: string): void;
}

/** The checked manifest, however long it takes; rejects with the signal's reason. */
export async function findManifest(quest: ManifestQuest): Promise<Manifest> {
  const short = manifestOfShortFile(quest.file);
  if (short !== undefined) return short;
  const { clock, signal } = quest;
  const liars = new Set<PeerId>();
  const aside = new Map<PeerId, number>();
  const found = new AbortController();
  const calling = callForPeers(quest, AbortSignal.any([signal, found.signal]));
  const manifest = await hedge(
    sources(quest, { liars, aside }),
    ([peer, place], until) => layerFrom(quest, { peer, place, liars, aside, signal: until }),
    { clock, staggerMs: STAGGER_MS, signal },
  );
  found.abort();
  await calling;
  if (manifest === undefined) throw signal.reason;
  return manifest;
}

/** Peers that were not asked yet, then again those that did not lie, for ever; undefined where there is none now. */
function* sources(
  { peers, clock, onWaiting }: ManifestQuest,
  { liars, aside }: Pick<Source, 'liars' | 'aside'>,
): Generator<readonly [PeerId, PeerPlace] | undefined, never> {
  const asked = new Set<PeerId>();
  for (;;) {
    const next = [...peers].find(
      ([peer]) => !asked.has(peer) && !liars.has(peer) && (aside.get(peer) ?? 0) <= clock.now(),
    );
    onWaiting(peers.size === liars.size ? 'no_peers' : 'connecting');
    if (next === undefined) asked.clear();
    else asked.add(next[0]);
    yield next;
  }
}

interface Source {
  readonly peer: PeerId;
  readonly place: PeerPlace;
  readonly liars: Set<PeerId>;
  /** Peers that are left alone, and until when. */
  readonly aside: Map<PeerId, number>;
  readonly signal: AbortSignal;
}

async function layerFrom(
  { pool, groupId, file, held, clock, onProblem }: ManifestQuest,
  { peer, place, liars, aside, signal }: Source,
): Promise<Manifest | undefined> {
  try {
    using unused = new DisposableStack();
    const lease = await pool.acquire(groupId, place, signal);
    unused.defer(() => lease.release());
    const client = lease.connection.client(peerContract);
    const manifest = await fetchPieceLayer(client, groupId, file, signal);
    if (!held.disposed) held.use(unused.move());
    return manifest;
  } catch (error) {
    log('no piece layer from %s: %s', peer, String(error));
    if (error instanceof StoreError || isBroken(error)) liars.add(peer);
    if (error instanceof RpcError && REFUSALS.has(error.code)) aside.set(peer, clock.now() + ASIDE_MS);
    if (!signal.aborted) onProblem?.(peer, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'bad_proof',
  'device_revoked',
  'not_admitted',
  'wrong_device',
]);

async function callForPeers({ clock, requestFile }: ManifestQuest, signal: AbortSignal): Promise<void> {
  for (let delayMs = FIRST_CALL_MS; ; delayMs = Math.min(LONGEST_CALL_MS, 2 * delayMs)) {
    await wait(clock, delayMs, signal);
    if (signal.aborted) return;
    await requestFile(signal).catch((error: unknown) => log('cannot ask for peers: %s', String(error)));
  }
}

/**
 * How a download is doing, for user interfaces: pieces, rates, peers, and why it waits.
 *
 * It follows the events that the swarm core sees too and is asked for a snapshot whenever one is shown. It decides
 * nothing; time is an argument.
 */
import { Bitfield, type PieceLayout } from '@minitorrent/chunk-store';
import type { Address } from '@minitorrent/rpc-core';
import { createRateMeter, type RateMeter } from './rate-meter.ts';
import type { PeerId, SwarmEvent, SwarmWaitingReason } from './swarm-events.ts';
import type { DownloadPeer, DownloadProgress, WaitingReason } from './transfers.ts';

interface PeerRow {
  readonly userId: string;
  address: Address;
  state: DownloadPeer['state'];
  problem?: string | undefined;
  pieces: number;
  readonly meter: RateMeter;
}

export class DownloadProgressLog {
  readonly #peers = new Map<PeerId, PeerRow>();
  readonly #meter = createRateMeter();
  #layout: PieceLayout | undefined;
  #state: DownloadProgress['state'] = 'starting';
  #waitingFor: WaitingReason | undefined = 'tracker';
  #resumedPieces = 0;
  #verified = new Bitfield(0);
  #verifiedBytes = 0;

  /** The store is open; `here` are the pieces that were in it. */
  opened(layout: PieceLayout, here: Iterable<number>): void {
    this.#layout = layout;
    this.#verified = new Bitfield(layout.pieceCount);
    for (const index of here) this.#count(index);
    this.#resumedPieces = this.#verified.count;
    this.#state = 'downloading';
    this.#waitingFor = undefined;
  }

  peerFound(peer: PeerId, userId: string, address: Address): void {
    const row = this.#peers.get(peer);
    if (row !== undefined) row.address = address;
    else this.#peers.set(peer, { userId, address, state: 'connecting', pieces: 0, meter: createRateMeter() });
  }

  peerBanned(peer: PeerId): void {
    this.#setPeerState(peer, 'banned');
  }

  /** It cannot be used now. */
  peerFailed(peer: PeerId, problem: string): void {
    this.#setPeerState(peer, 'waiting', problem);
  }

  stateChanged(state: DownloadProgress['state']): void {
    this.#state = state;
    if (state !== 'downloading') this.#waitingFor = undefined;
  }

  waitingFor(reason: WaitingReason | undefined): void {
    this.#waitingFor = reason;
  }

  /** The swarm's own reason; it does not know of a full disk. */
  swarmWaitingFor(reason: SwarmWaitingReason): void {
    if (reason === 'store_failed') this.#waitingFor = 'disk_full';
    else this.#waitingFor = reason === 'none' ? undefined : reason;
  }

  /** What the swarm core is told. */
  handle(event: SwarmEvent, nowMs: number): void {
    if (event.kind === 'peer_connected') this.#setPeerState(event.peer, 'connected');
    if (event.kind === 'peer_failed' || event.kind === 'peer_lost')
      this.#setPeerState(event.peer, 'waiting', event.problem);
    if (event.kind === 'bytes_received') this.#received(event.peer, event.bytes, nowMs);
    if (event.kind === 'piece_verified') this.#pieceVerified(event.peer, event.index);
  }

  snapshot(nowMs: number): DownloadProgress {
    const totalBytes = this.#layout?.size ?? 0;
    const bytesPerSecond = this.#state === 'downloading' ? this.#meter.bytesPerSecond(nowMs) : 0;
    const bytesLeft = totalBytes - this.#verifiedBytes;
    return {
      state: this.#state,
      totalBytes,
      verifiedBytes: this.#verifiedBytes,
      totalPieces: this.#layout?.pieceCount ?? 0,
      verifiedPieces: this.#verified.count,
      resumedPieces: this.#resumedPieces,
      bytesPerSecond,
      secondsLeft: bytesPerSecond >= 1 ? bytesLeft / bytesPerSecond : undefined,
      waitingFor: this.#waitingFor,
      peers: [...this.#peers.values()].map(({ meter, ...row }) => ({
        ...row,
        bytesPerSecond: meter.bytesPerSecond(nowMs),
      })),
    };
  }

  #received(peer: PeerId, bytes: number, nowMs: number): void {
    this.#meter.add(bytes, nowMs);
    this.#peers.get(peer)?.meter.add(bytes, nowMs);
  }

  #pieceVerified(peer: PeerId, index: number): void {
    const row = this.#peers.get(peer);
    if (row !== undefined) row.pieces += 1;
    this.#count(index);
  }

  #count(index: number): void {
    // In the endgame a piece may come twice.
    if (this.#layout !== undefined && this.#verified.set(index))
      this.#verifiedBytes += this.#layout.pieceSize(index);
  }

  #setPeerState(peer: PeerId, state: DownloadPeer['state'], problem?: string): void {
    const row = this.#peers.get(peer);
    if (row === undefined || row.state === 'banned') return;
    row.state = state;
    row.problem = problem;
  }
}

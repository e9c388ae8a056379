/**
 * How many pieces a receiver asks for at once, and from whom next.
 *
 * The budget is a TOTAL over all uploaders. A queue at each connection looks safe and is the second most expensive
 * mistake of a swarm (swarm.md: 1.53 to 1.88 times the bound, against 1.10): a piece that waits in a deep queue is
 * asked of the wrong peer by the time it is sent. So about four pieces are outstanding in all, and more only where
 * the path is long: twice rate x round trip, the bandwidth-delay product of what the download really gets, so that the
 * budget grows like a slow start until the rate stops following. The round trip must be that of the path (an answer
 * that stood in no queue); with a queueing time in it the budget would feed itself.
 *
 * Everything that affects it: measured rate and round trip, piece length, limits; for the choice of the uploader its
 * queue of our own requests and its rate, and `Random` for ties. Pure functions.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { PeerId } from './swarm-events.ts';
import type { SwarmLimits } from './swarm-limits.ts';

/** What is known of a path; 0 where it is not measured. */
export interface PathMeasure {
  readonly bytesPerSecond: number;
  readonly rttMs: number;
}

/** Pieces that may be outstanding over all uploaders. */
export function requestBudget(measure: PathMeasure, pieceLength: number, limits: SwarmLimits): number {
  const byPath = Math.ceil((2 * bandwidthDelayBytes(measure)) / pieceLength);
  return Math.min(mostOutstanding(pieceLength, limits), Math.max(limits.minOutstandingPieces, byPath));
}

/** Pieces that may be outstanding over whatever path: what the memory for arriving pieces allows. */
export function mostOutstanding(pieceLength: number, limits: SwarmLimits): number {
  const byMemory = Math.floor(limits.maxOutstandingBytes / pieceLength);
  return Math.max(1, Math.min(limits.maxOutstandingPieces, byMemory));
}

/** Pieces that may be outstanding at one uploader: all where it is the only one, one where it has shown nothing yet. */
export function uploaderBudget(
  measure: PathMeasure,
  options: { readonly pieceLength: number; readonly budget: number; readonly uploaders: number },
  limits: SwarmLimits,
): number {
  if (options.uploaders <= 1) return options.budget;
  if (measure.bytesPerSecond === 0) return 1;
  const byPath = Math.ceil((2 * bandwidthDelayBytes(measure)) / options.pieceLength);
  const share = Math.ceil(options.budget / options.uploaders);
  return Math.min(options.budget, Math.max(limits.outstandingPerPeer, share, byPath));
}

/** Pieces of one request: the budget in a few requests, so that a long path needs larger ones and not more. */
export function piecesPerRequest(budget: number, limits: SwarmLimits): number {
  return Math.max(1, Math.floor(budget / limits.requestsInBudget));
}

/** An uploader as the placement sees it. */
export interface Uploader {
  readonly peer: PeerId;
  /** Pieces that we have asked it for and do not have yet. */
  readonly queuedPieces: number;
  /** Pieces that it may be asked for beside those. */
  readonly room: number;
  /** What we get from it while we wait for it. */
  readonly bytesPerSecond: number;
}

/** The same uploaders, the one that would finish one more piece first in front; random among equals. */
export function byLoad(uploaders: readonly Uploader[], random: Random): Uploader[] {
  const keyed = uploaders.map((uploader) => ({
    uploader,
    load: ((uploader.queuedPieces + 1) / uploader.bytesPerSecond) * (1 + random.integer(1024) / 4096),
    tie: random.integer(0x1_0000_0000),
  }));
  keyed.sort((a, b) => a.load - b.load || a.tie - b.tie);
  return keyed.map((entry) => entry.uploader);
}

function bandwidthDelayBytes(measure: PathMeasure): number {
  return (measure.bytesPerSecond * measure.rttMs) / 1_000;
}

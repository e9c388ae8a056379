/**
 * Which piece is asked of whom: the strategies of a download.
 *
 * `rarest-first` is the default: the uploader that is free soonest, and of its pieces those with the fewest copies,
 * random among equals, so that receivers do not all ask for the same one. As a want-set it leaves the last word to the
 * uploader, who knows what it has sent already (late binding, swarm.md). `random` is the seed's algorithm: a random
 * piece, then a random peer of those that have it. `sequential` is for readers of the beginning.
 *
 * Everything that affects a pick: the piece map (open pieces, copies, who has what), the uploaders that may be asked
 * and their order, how many pieces are wanted, and `Random`. A strategy holds no state.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { PieceMap } from './piece-map.ts';
import type { Uploader } from './request-window.ts';
import type { PeerId } from './swarm-events.ts';
import type { PickStrategyName } from './transfers.ts';

export interface PickView {
  readonly pieces: PieceMap;
  /** Those that may be asked now, the one that is free soonest in front. */
  readonly uploaders: readonly Uploader[];
  /** How many pieces the request is to bring, where the uploader has room for them. */
  readonly maxPieces: number;
  /** How many the uploader may choose them from, `maxPieces` or more. */
  readonly wantPieces: number;
  readonly random: Random;
}

/** A request to make: `pieces` are open pieces that `peer` has, at least one. */
export interface Pick {
  readonly peer: PeerId;
  readonly pieces: readonly number[];
}

export interface PickStrategy {
  readonly name: string;
  /** Undefined where no open piece can be asked of any of the uploaders. */
  pick(view: PickView): Pick | undefined;
}

export const rarestFirst: PickStrategy = {
  name: 'rarest-first',
  pick: (view) =>
    firstUploader(view, ({ peer }) => view.pieces.rarestOpen(peer, view.wantPieces, view.random)),
};

export const sequential: PickStrategy = {
  name: 'sequential',
  pick: (view) => firstUploader(view, (uploader) => inOrder(view, uploader, WHOLE_FILE)),
};

/** The seed's steps 2 and 3. Pieces are sampled until one has a free peer; then any piece of any free peer. */
export const randomPeer: PickStrategy = {
  name: 'random',
  pick(view) {
    for (const index of view.pieces.randomOpen(PIECES_SAMPLED, view.random)) {
      const peers = view.uploaders.filter(({ peer }) => view.pieces.has(peer, index));
      const chosen = peers[peers.length > 1 ? view.random.integer(peers.length) : 0];
      if (chosen) return { peer: chosen.peer, pieces: withOthers(view, chosen, index) };
    }
    return firstUploader(view, ({ peer }) => view.pieces.randomOpenOf(peer, 1, view.random));
  },
};

/** `strategy`, but the pieces of `range` first and in order: for a player's position, or a preview. */
export function rangeFirst(
  strategy: PickStrategy,
  range: { readonly first: number; readonly last: number },
): PickStrategy {
  return {
    name: strategy.name,
    pick: (view) => firstUploader(view, (uploader) => inOrder(view, uploader, range)) ?? strategy.pick(view),
  };
}

/**
 * `strategy`, but pieces that were begun first: what is kept of them takes memory, and a piece can be passed on only whole.
 * There is nothing for the uploader to choose.
 */
export function begunFirst(strategy: PickStrategy): PickStrategy {
  return {
    name: strategy.name,
    pick: (view) =>
      firstUploader(view, ({ peer, room }) => view.pieces.begunOpen(peer, Math.min(view.maxPieces, room))) ??
      strategy.pick(view),
  };
}

/** The strategy of that name, which takes first what was begun. */
export function pickStrategy(name: PickStrategyName): PickStrategy {
  return begunFirst(STRATEGIES[name]);
}

const WHOLE_FILE = { first: 0, last: Number.MAX_SAFE_INTEGER };

/** A piece whose peers are all busy is passed over; after so many the choice is by peer. */
const PIECES_SAMPLED = 8;

const STRATEGIES: Readonly<Record<PickStrategyName, PickStrategy>> = {
  'rarest-first': rarestFirst,
  random: randomPeer,
  sequential,
};

function firstUploader(
  view: PickView,
  piecesOf: (uploader: Uploader) => readonly number[],
): Pick | undefined {
  for (const uploader of view.uploaders) {
    const pieces = piecesOf(uploader);
    if (pieces.length > 0) return { peer: uploader.peer, pieces };
  }
  return undefined;
}

/** The piece, and where a request is to bring several, random others of the same peer. */
function withOthers(view: PickView, uploader: Uploader, index: number): readonly number[] {
  const count = Math.min(view.maxPieces, uploader.room);
  if (count <= 1) return [index];
  const others = view.pieces.randomOpenOf(uploader.peer, count, view.random);
  return [index, ...others.filter((other) => other !== index).slice(0, count - 1)];
}

/** As many pieces as the request is to bring: the order is ours, there is nothing for the uploader to choose. */
function inOrder(
  view: PickView,
  uploader: Uploader,
  range: { readonly first: number; readonly last: number },
): readonly number[] {
  return view.pieces.openInRange(uploader.peer, range, Math.min(view.maxPieces, uploader.room));
}

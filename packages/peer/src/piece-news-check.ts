/**
 * Whether what a peer tells of its pieces can be news at all: an endless stream of it would cost work for ever, and nothing
 * else would ever end that.
 *
 * Everything first, and once; then each piece when it comes, and again where it was lost and came back.
 */
import { brokenAnswer } from './broken-answer.ts';
import type { PieceInfoItem } from './contract.ts';

/** A disk that loses pieces more often is no source. */
const TIMES_EACH_PIECE = 4;

export class PieceNewsCheck {
  readonly #pieceCount: number;
  #left: number;
  #isBegun = false;

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
    this.#left = TIMES_EACH_PIECE * pieceCount;
  }

  /** Fails with `bad_response` at what cannot be. */
  take(item: PieceInfoItem): void {
    if (item.kind === 'all') {
      if (this.#isBegun) throw broken('it told twice of everything that it has');
      this.#isBegun = true;
      return;
    }
    const { indices } = item;
    if (!this.#isBegun) throw broken('it told of more pieces before those that it has');
    if (indices.length === 0) throw broken('it told of no piece');
    const index = indices.find((each) => each >= this.#pieceCount);
    if (index !== undefined) throw broken(`there is no piece ${index}`);
    this.#left -= indices.length;
    if (this.#left < 0)
      throw broken(`it told more than ${TIMES_EACH_PIECE} times of ${this.#pieceCount} pieces`);
  }
}

function broken(what: string): Error {
  return brokenAnswer('send_piece_info', what);
}

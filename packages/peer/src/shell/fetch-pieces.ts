/**
 * Carries out one `send_pieces` call: what comes in is checked leaf by leaf, stored, and reported to the swarm.
 *
 * It tells apart a peer that proves itself a liar (`piece_bad`, `answer_broken`), one that only failed, and a store that
 * cannot take more.
 */
import { type ChunkStore, LEAF_BYTES, StoreError, type VerifiedPiece } from '@minitorrent/chunk-store';
import { type Client, RpcError } from '@minitorrent/rpc-core';
import type { ArrivingBlocks } from '../arriving-blocks.ts';
import type { BegunPieces, NamedPieces, OpenPiece } from '../begun-pieces.ts';
import { brokenAnswer, isBroken } from '../broken-answer.ts';
import type { peerContract } from '../contract.ts';
import { type HashedItem, hashAhead } from '../hash-ahead.ts';
import type { PeerId, RequestId, RequestOutcome, SwarmEvent } from '../swarm-events.ts';
import type { Pace } from './pace.ts';

export interface PieceCall {
  readonly client: Client<typeof peerContract>;
  readonly groupId: string;
  readonly peer: PeerId;
  readonly requestId: RequestId;
  readonly pieces: readonly number[];
  readonly maxPieces: number;
  readonly store: ChunkStore;
  /** What other calls have brought of pieces that are not whole; what this one brings stays there. */
  readonly begun: BegunPieces;
  /** Where the blocks of the client's connection arrive. */
  readonly blocks: ArrivingBlocks;
  readonly signal: AbortSignal;
  /** What comes waits here for its turn, and the uploader with it; without one there is no limit. */
  readonly pace?: Pace;
  report(event: SwarmEvent): void;
  /** The store did not take a verified piece. */
  onStoreError(error: unknown): void;
}

/** Resolves when the call is over, after it has reported `request_ended`, `piece_bad` or `answer_broken`. Never rejects. */
export async function fetchPieces(call: PieceCall): Promise<void> {
  const { peer, requestId } = call;
  const receiver = new PieceReceiver(call);
  try {
    await receiver.receiveAll();
    call.report({ kind: 'request_ended', peer, requestId, outcome: 'done' });
  } catch (error) {
    // Of a lie the swarm knows already.
    if (receiver.isLie(error)) return;
    if (isBroken(error) && !call.signal.aborted)
      call.report({ kind: 'answer_broken', peer, index: receiver.index, problem: error.message });
    else call.report({ kind: 'request_ended', peer, requestId, outcome: outcomeOf(error, call.signal) });
  } finally {
    receiver.release();
  }
}

type BlockItem = Extract<HashedItem, { readonly kind: 'block' }>;

/** Four blocks: enough for the thread that hashes to go on while this one receives. */
const BLOCKS_AHEAD = 4;

class PieceReceiver {
  readonly #call: PieceCall;
  readonly #named: NamedPieces;
  /** The piece that is under way, and where its next block begins. */
  #piece: OpenPiece | undefined;
  #nextOffset = 0;
  #piecesLeft: number;
  #lie: unknown;

  constructor(call: PieceCall) {
    this.#call = call;
    this.#named = call.begun.name(call.pieces);
    this.#piecesLeft = call.maxPieces;
  }

  async receiveAll(): Promise<void> {
    const { client, groupId, store, blocks, pieces, maxPieces, pace, signal } = this.#call;
    const { root } = store.manifest;
    const request = { groupId, root, want: pieces, maxPieces, begun: this.#named.pieces };
    const items = client.send_pieces(request, { signal });
    const depth = (): number => (pace?.bytesPerSecond === undefined ? BLOCKS_AHEAD : 1);
    for await (const item of hashAhead({ items, blocks, depth })) {
      // Of a peer that was banned meanwhile, not even what is here already is looked at.
      signal.throwIfAborted();
      if (item.kind === 'piece') {
        this.#open(item.index, item.leafHashes);
        continue;
      }
      await pace?.take(item.block.bytes.length, signal);
      signal.throwIfAborted();
      await this.#addBlock(item);
    }
  }

  /** Whether it is what a wrong leaf failed with. */
  isLie(error: unknown): boolean {
    return error === this.#lie && error !== undefined;
  }

  get index(): number | undefined {
    return this.#piece?.index;
  }

  /** Nothing more comes: what came right of a piece that is not whole is for others to go on with. */
  release(): void {
    this.#close();
    this.#named.release();
  }

  #open(index: number, leafHashes: Uint8Array): void {
    const { begun, store, peer, requestId, maxPieces, report } = this.#call;
    if (this.#piece !== undefined)
      throw brokenAnswer('send_pieces', `piece ${index} opens inside piece ${this.#piece.index}`);
    if (this.#piecesLeft === 0) throw brokenAnswer('send_pieces', `it sent more than ${maxPieces} pieces`);
    if (index >= store.layout.pieceCount) throw brokenAnswer('send_pieces', `there is no piece ${index}`);
    this.#piecesLeft -= 1;
    this.#piece = this.#check(() => begun.open(index, leafHashes));
    this.#nextOffset = this.#fromLeafOf(index) * LEAF_BYTES;
    const bytes = store.layout.pieceSize(index) - this.#nextOffset;
    report({ kind: 'piece_started', peer, requestId, index, bytes });
  }

  async #addBlock({ offset, block }: BlockItem): Promise<void> {
    const { store, peer, requestId, report } = this.#call;
    const piece = this.#piece;
    if (piece === undefined) throw brokenAnswer('send_pieces', 'a block came before its piece');
    if (offset !== this.#nextOffset) throw outOfOrder(piece.index, offset, this.#nextOffset);
    const { length } = block.bytes;
    const whole = this.#check(() => piece.addBlock(offset, block));
    this.#nextOffset += length;
    report({ kind: 'bytes_received', peer, requestId, bytes: length });
    if (whole !== undefined) await this.#store(piece, whole);
    if (this.#nextOffset === store.layout.pieceSize(piece.index)) this.#close();
  }

  /**
   * A lie is told at once: what the same peer sent on other calls may be next in line, and is not looked at when that has
   * ended them.
   */
  #check<T>(look: () => T): T {
    const { peer, requestId, report } = this.#call;
    try {
      return look();
    } catch (error) {
      const proof = proofIn(error);
      if (proof === undefined) throw error;
      this.#lie = error;
      report({ kind: 'piece_bad', peer, requestId, ...proof });
      throw error;
    }
  }

  async #store(piece: OpenPiece, whole: VerifiedPiece): Promise<void> {
    const { store, peer, requestId, report, onStoreError } = this.#call;
    try {
      await store.writePiece(whole);
    } catch (error) {
      onStoreError(error);
      throw error;
    } finally {
      piece.settled();
    }
    report({ kind: 'piece_verified', peer, requestId, index: piece.index });
  }

  #fromLeafOf(index: number): number {
    return this.#named.pieces.find((piece) => piece.index === index)?.fromLeaf ?? 0;
  }

  #close(): void {
    this.#piece?.close();
    this.#piece = undefined;
  }
}

function outOfOrder(index: number, offset: number, wanted: number): RpcError {
  return brokenAnswer('send_pieces', `a block of piece ${index} begins at ${offset}, expected ${wanted}`);
}

/** The lie that `error` proves, if it does. */
function proofIn(error: unknown): { readonly index: number; readonly leaf: number } | undefined {
  if (!(error instanceof StoreError) || error.code !== 'hash_mismatch') return undefined;
  return { index: error.piece ?? 0, leaf: error.leaf ?? 0 };
}

function outcomeOf(error: unknown, signal: AbortSignal): RequestOutcome {
  if (signal.aborted) return 'cancelled';
  if (!(error instanceof RpcError)) return 'failed';
  if (error.code === 'busy' || error.code === 'too_many_calls') return 'busy';
  return error.code === 'missing_piece' ? 'missing_piece' : 'failed';
}

/**
 * Carries out one `send_pieces` call: what comes in is checked leaf by leaf, stored, and reported to the swarm.
 *
 * It tells apart a peer that proves itself a liar (`piece_bad`, `answer_broken`), one that only failed, and a store that
 * cannot take more.
 */
import {
  type ChunkStore,
  createPieceAssembler,
  type PieceAssembler,
  StoreError,
} from '@minitorrent/chunk-store';
import { type Client, RpcError } from '@minitorrent/rpc-core';
import { brokenAnswer, isBroken } from '../broken-answer.ts';
import type { BufferPool } from '../buffer-pool.ts';
import type { PieceItem, peerContract } from '../contract.ts';
import type { PeerId, RequestId, RequestOutcome, SwarmEvent } from '../swarm-events.ts';

export interface PieceCall {
  readonly client: Client<typeof peerContract>;
  readonly groupId: string;
  readonly peer: PeerId;
  readonly requestId: RequestId;
  readonly pieces: readonly number[];
  readonly maxPieces: number;
  readonly store: ChunkStore;
  /** Where arriving pieces are put together. */
  readonly buffers: BufferPool;
  readonly signal: AbortSignal;
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
    const proof = receiver.proofIn(error);
    if (proof !== undefined) call.report({ kind: 'piece_bad', peer, requestId, ...proof });
    else if (isBroken(error) && !call.signal.aborted)
      call.report({ kind: 'answer_broken', peer, index: receiver.index, problem: error.message });
    else call.report({ kind: 'request_ended', peer, requestId, outcome: outcomeOf(error, call.signal) });
  } finally {
    receiver.release();
  }
}

class PieceReceiver {
  readonly #call: PieceCall;
  #assembler: PieceAssembler | undefined;
  #buffer: Uint8Array | undefined;
  #piecesLeft: number;

  constructor(call: PieceCall) {
    this.#call = call;
    this.#piecesLeft = call.maxPieces;
  }

  async receiveAll(): Promise<void> {
    const { client, groupId, store, pieces, maxPieces, signal } = this.#call;
    const request = { groupId, root: store.manifest.root, want: pieces, maxPieces };
    for await (const item of client.send_pieces(request, { signal })) {
      // Of a peer that was banned meanwhile, not even what is here already is looked at.
      signal.throwIfAborted();
      await this.#receive(item);
    }
  }

  /** The piece that is under way. */
  get index(): number | undefined {
    return this.#assembler?.index;
  }

  /** Gives back the buffer of a piece that is stored, or will never be whole. */
  release(): void {
    if (this.#buffer !== undefined) this.#call.buffers.give(this.#buffer);
    this.#buffer = undefined;
  }

  /** The lie that `error` proves, if it does. */
  proofIn(error: unknown): { readonly index: number; readonly leaf: number } | undefined {
    if (!(error instanceof StoreError) || error.code !== 'hash_mismatch') return undefined;
    return { index: this.#assembler?.index ?? 0, leaf: error.leaf ?? 0 };
  }

  async #receive(item: PieceItem): Promise<void> {
    if (item.kind === 'piece') this.#open(item.index, item.leafHashes);
    else await this.#addBlock(item.offset, item.data);
  }

  #open(index: number, leafHashes: Uint8Array): void {
    const { store, peer, requestId, report } = this.#call;
    if (this.#assembler !== undefined)
      throw brokenAnswer('send_pieces', `piece ${index} opens inside piece ${this.#assembler.index}`);
    if (this.#piecesLeft === 0)
      throw brokenAnswer('send_pieces', `it sent more than ${this.#call.maxPieces} pieces`);
    if (index >= store.layout.pieceCount) throw brokenAnswer('send_pieces', `there is no piece ${index}`);
    this.#piecesLeft -= 1;
    this.#assembler = createPieceAssembler(store.manifest, index, { allocate: () => this.#takeBuffer() });
    this.#assembler.setLeafHashes(leafHashes);
    report({ kind: 'piece_started', peer, requestId, index });
  }

  async #addBlock(offset: number, data: Uint8Array): Promise<void> {
    const { peer, requestId, report } = this.#call;
    const assembler = this.#assembler;
    if (assembler === undefined) throw brokenAnswer('send_pieces', 'a block came before its piece');
    const before = assembler.progress.verifiedLeaves;
    const { verifiedLeaves, isComplete } = assembler.addBlock(offset, data);
    if (verifiedLeaves === before)
      throw brokenAnswer('send_pieces', `a block at ${offset} of piece ${assembler.index} came twice`);
    report({ kind: 'bytes_received', peer, requestId, bytes: data.length });
    if (isComplete) await this.#finish(assembler);
  }

  async #finish(assembler: PieceAssembler): Promise<void> {
    const { store, peer, requestId, report, onStoreError } = this.#call;
    this.#assembler = undefined;
    try {
      await store.writePiece(assembler.finish());
    } catch (error) {
      onStoreError(error);
      throw error;
    }
    this.release();
    report({ kind: 'piece_verified', peer, requestId, index: assembler.index });
  }

  #takeBuffer(): Uint8Array {
    this.#buffer = this.#call.buffers.take();
    return this.#buffer;
  }
}

function outcomeOf(error: unknown, signal: AbortSignal): RequestOutcome {
  if (signal.aborted) return 'cancelled';
  if (!(error instanceof RpcError)) return 'failed';
  if (error.code === 'busy' || error.code === 'too_many_calls') return 'busy';
  return error.code === 'missing_piece' ? 'missing_piece' : 'failed';
}

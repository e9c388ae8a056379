/**
 * Carries out the upload queue's decisions: every `send_pieces` call that this peer serves waits here for its turn.
 */
import { type Clock, type Random, RpcError } from '@minitorrent/rpc-core';
import type { PeerId, PiecesOf } from '../swarm-events.ts';
import { type UploadEffect, type UploadEvent, type UploadId, type UploadLimits, uploadId } from '../upload-events.ts';
import { createUploadQueue, type UploadQueue } from '../upload-queue.ts';
import { untilAborted } from '../waiting.ts';

export interface UplinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<UploadLimits>;
}

export interface UploadRequest {
  readonly receiver: PeerId;
  /** Names the file in hexadecimal. */
  readonly root: string;
  readonly want: readonly number[];
  readonly maxPieces: number;
  readonly have: PiecesOf;
}

/** One call's place in the queue. */
export interface Upload extends Disposable {
  /** The next piece to send; undefined when the call has had all. Fails with `busy`, `missing_piece` or `stalled`. */
  nextPiece(signal: AbortSignal): Promise<number | undefined>;
  /** The connection took this many bytes of the piece. */
  blockSent(bytes: number): void;
  pieceSent(): void;
}

export class Uplink {
  readonly #clock: Clock;
  readonly #queue: UploadQueue;
  readonly #turns = new Map<UploadId, PromiseWithResolvers<number | undefined>>();
  #lastId = 0;
  #cancelWake: () => void = () => undefined;

  constructor(options: UplinkOptions) {
    const { clock, random, limits = {} } = options;
    this.#clock = clock;
    this.#queue = createUploadQueue({ random, limits });
  }

  /** Queues a call. Its refusal shows at `nextPiece`. */
  open(request: UploadRequest): Upload {
    this.#lastId += 1;
    const id = uploadId(this.#lastId);
    this.#turns.set(id, newTurn());
    this.#tell({ kind: 'requested', uploadId: id, ...request });
    return {
      nextPiece: (signal) => untilAborted(this.#turn(id).promise, signal),
      blockSent: (bytes) => this.#tell({ kind: 'block_sent', uploadId: id, bytes }),
      pieceSent: () => {
        this.#turns.set(id, newTurn());
        this.#tell({ kind: 'piece_sent', uploadId: id });
      },
      [Symbol.dispose]: () => {
        this.#turns.delete(id);
        this.#tell({ kind: 'ended', uploadId: id });
      },
    };
  }

  /** Forgets what was counted for a file that is not shared any more. */
  unshare(root: string): void {
    this.#tell({ kind: 'unshared', root });
  }

  close(): void {
    this.#cancelWake();
  }

  #tell(event: UploadEvent): void {
    for (const effect of this.#queue.handle(event, this.#clock.now())) this.#carryOut(effect);
  }

  #carryOut(effect: UploadEffect): void {
    if (effect.kind === 'wake_at') {
      this.#wakeAt(effect.atMs);
      return;
    }
    const turn = this.#turns.get(effect.uploadId);
    if (effect.kind === 'send_piece') turn?.resolve(effect.index);
    else if (effect.kind === 'end') turn?.resolve(undefined);
    else turn?.reject(new RpcError(effect.code, REFUSALS[effect.code]));
  }

  #wakeAt(atMs: number | undefined): void {
    this.#cancelWake();
    if (atMs === undefined) return;
    const delayMs = Math.max(0, atMs - this.#clock.now());
    this.#cancelWake = this.#clock.schedule(delayMs, () => this.#tell({ kind: 'tick' }));
  }

  #turn(id: UploadId): PromiseWithResolvers<number | undefined> {
    const turn = this.#turns.get(id);
    if (turn === undefined) throw new TypeError('Cannot go on with an upload that has ended');
    return turn;
  }
}

const REFUSALS = {
  busy: 'Cannot serve more requests now: ask again later, or another peer',
  missing_piece: 'Cannot send any of the pieces wanted: none of them is here',
  stalled: 'Cannot go on sending: nothing was read for too long',
} as const;

function newTurn(): PromiseWithResolvers<number | undefined> {
  const turn = Promise.withResolvers<number | undefined>();
  // A refusal may come before anybody waits for the turn.
  turn.promise.catch(() => undefined);
  return turn;
}

/**
 * Carries out the upload queue's decisions: every `send_pieces` call that this peer serves waits here for its turn.
 */
import { LEAF_BYTES } from '@minitorrent/chunk-store';
import { type Clock, type Random, RpcError } from '@minitorrent/rpc-core';
import { PEER_MESSAGE_LIMITS } from '../message-limits.ts';
import type { PeerId, PiecesOf } from '../swarm-events.ts';
import {
  type UploadEffect,
  type UploadEvent,
  type UploadId,
  type UploadLimits,
  uploadId,
} from '../upload-events.ts';
import { createUploadQueue, type UploadQueue } from '../upload-queue.ts';
import { untilAborted } from '../waiting.ts';
import { Pace } from './pace.ts';
import { type GateRequest, UploadGate, type UploadLine } from './upload-gate.ts';

export interface UplinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<UploadLimits>;
  /** The pace of all that this peer sends; without a limit unless given. */
  readonly pace?: Pace;
}

export interface UploadRequest {
  /** What it goes over. */
  readonly line: UploadLine;
  readonly receiver: PeerId;
  /** Names the file in hexadecimal. */
  readonly root: string;
  readonly want: readonly number[];
  readonly maxPieces: number;
  readonly have: PiecesOf;
  /** How many copies of a piece a running download of the file knows of; without one nobody here knows of any. */
  readonly copiesOf?: (index: number) => number;
  /** The receiver stopped reading in the middle of a piece: the call can only be cut off. */
  onStalled(): void;
}

interface Call {
  turn: PromiseWithResolvers<number | undefined>;
  readonly onStalled: () => void;
}

/** One call's place in the queue. */
export interface Upload extends Disposable {
  /** The next piece to send; undefined when the call has had all. Fails with `busy` or `missing_piece`. */
  nextPiece(signal: AbortSignal): Promise<number | undefined>;
  /** The most bytes to send at a time: less than a block where a limit would make its receiver wait long for one. */
  blockBytes(): number;
  /**
   * Resolves when so many bytes of the piece may be sent, or as soon as the signal aborts. They are to be written before
   * anything else is waited for.
   */
  mayGo(bytes: number, signal: AbortSignal): Promise<void>;
  /** The connection took this many bytes of the piece. */
  blockSent(bytes: number): void;
  pieceSent(): void;
}

export class Uplink {
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #queue: UploadQueue;
  readonly #gate: UploadGate;
  readonly #calls = new Map<UploadId, Call>();
  #lastId = 0;
  #cancelWake: () => void = () => undefined;

  constructor(options: UplinkOptions) {
    const { clock, random, limits = {}, pace = new Pace(clock) } = options;
    this.#clock = clock;
    this.#pace = pace;
    this.#gate = new UploadGate(clock);
    this.#queue = createUploadQueue({ random, limits });
  }

  /** Queues a call. Its refusal shows at `nextPiece`. */
  open(request: UploadRequest): Upload {
    this.#lastId += 1;
    const id = uploadId(this.#lastId);
    const { line } = request;
    const call: Call = { turn: Promise.withResolvers(), onStalled: () => request.onStalled() };
    this.#calls.set(id, call);
    this.#tell({ kind: 'requested', uploadId: id, ...request });
    return {
      nextPiece: (signal) => untilAborted(call.turn.promise, signal),
      blockBytes: () => Math.min(this.#gate.blockBytes, blockBytesAt(this.#pace.bytesPerSecond)),
      mayGo: async (bytes, signal) => {
        if (this.#pace.bytesPerSecond !== undefined) await this.#keepPace(id, bytes, signal);
        await this.#passGate(id, { line, bytes, signal });
      },
      blockSent: (bytes) => this.#tell({ kind: 'block_sent', uploadId: id, bytes }),
      pieceSent: () => {
        this.#gate.rests(line);
        call.turn = Promise.withResolvers();
        this.#tell({ kind: 'piece_sent', uploadId: id });
      },
      [Symbol.dispose]: () => {
        this.#gate.rests(line);
        this.#calls.delete(id);
        this.#tell({ kind: 'ended', uploadId: id });
      },
    };
  }

  /** Whoever waits for a limit has not stopped reading. */
  async #keepPace(id: UploadId, bytes: number, signal: AbortSignal): Promise<void> {
    this.#tell({ kind: 'held', uploadId: id });
    await this.#pace.take(bytes, signal);
    this.#tell({ kind: 'block_sent', uploadId: id, bytes: 0 });
  }

  /** Whoever waits for what others have not read has not stopped reading. */
  async #passGate(id: UploadId, block: Omit<GateRequest, 'onWait'>): Promise<void> {
    let isHeld = false;
    const onWait = (isForOthers: boolean): void => {
      isHeld = isForOthers;
      this.#tell(
        isForOthers ? { kind: 'held', uploadId: id } : { kind: 'block_sent', uploadId: id, bytes: 0 },
      );
    };
    await this.#gate.pass({ ...block, onWait });
    if (isHeld) this.#tell({ kind: 'block_sent', uploadId: id, bytes: 0 });
  }

  /** Forgets what was counted for a file that is not shared any more. */
  unshare(root: string): void {
    this.#tell({ kind: 'unshared', root });
  }

  close(): void {
    this.#gate.close();
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
    const call = this.#calls.get(effect.uploadId);
    if (effect.kind === 'send_piece') call?.turn.resolve(effect.index);
    else if (effect.kind === 'end') call?.turn.resolve(undefined);
    else if (effect.kind === 'abort') call?.onStalled();
    else call?.turn.reject(new RpcError(effect.code, REFUSALS[effect.code]));
  }

  #wakeAt(atMs: number | undefined): void {
    this.#cancelWake();
    if (atMs === undefined) return;
    const delayMs = Math.max(0, atMs - this.#clock.now());
    this.#cancelWake = this.#clock.schedule(delayMs, () => this.#tell({ kind: 'tick' }));
  }
}

/** Whole leaves, of half a second at the most. */
function blockBytesAt(bytesPerSecond: number | undefined): number {
  if (bytesPerSecond === undefined) return PEER_MESSAGE_LIMITS.blockBytes;
  const leaves = Math.max(1, Math.floor(bytesPerSecond / 2 / LEAF_BYTES));
  return Math.min(PEER_MESSAGE_LIMITS.blockBytes, leaves * LEAF_BYTES);
}

const REFUSALS = {
  busy: 'Cannot serve more requests now: ask again later, or another peer',
  missing_piece: 'Cannot send any of the pieces wanted: none of them is here',
} as const;

/**
 * The serving side of one uplink: which waiting receiver gets the next piece, and which piece that is.
 *
 * Everything that affects its decisions: the requests that wait and what they want, what the file's store has, what was
 * sent to whom before, copies of a piece in the swarm where a download of the file runs here and so knows them, the limits,
 * the time (for receivers that stopped reading), `Random` for ties.
 *
 * Few uploads run at a time: a piece that is sent quickly can be passed on early, ten pieces that are sent together
 * cannot. The receiver that has had least comes first; one that returns counts as having had as much as the least of
 * those that stayed (start-time fair queueing, Goyal et al. 1996), so nobody gets more than two pieces in a row while
 * others wait, and nobody starves. The piece is chosen when it is sent and not when it is asked for (late binding): of those
 * wanted, the one that this uplink has sent least and the swarm has least of. So a lone seeder sends everything once
 * before it sends anything twice. It refuses what it cannot hold with `busy`.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { PeerId, PiecesOf } from './swarm-events.ts';
import { chooseCandidate, choosePiece } from './upload-choice.ts';
import { ReceiverShares, SentPieces } from './upload-counts.ts';
import type { UploadEffect, UploadEvent, UploadId, UploadLimits } from './upload-events.ts';
import { UPLOAD_LIMITS } from './upload-events.ts';

export interface UploadQueueOptions {
  readonly random: Random;
  readonly limits?: Partial<UploadLimits>;
}

export interface UploadQueueView {
  /** Uploads in the middle of a piece. */
  readonly sending: number;
  readonly waiting: number;
}

export interface UploadQueue {
  /** Takes what happened at `nowMs` and answers what to do, in order. Times must not go backwards. */
  handle(event: UploadEvent, nowMs: number): readonly UploadEffect[];
  view(): UploadQueueView;
}

/** The queue of one uplink, for all files and receivers. */
export function createUploadQueue(options: UploadQueueOptions): UploadQueue {
  return new UplinkQueue(options);
}

interface Upload {
  readonly id: UploadId;
  readonly receiver: PeerId;
  readonly root: string;
  readonly want: Set<number>;
  readonly have: PiecesOf;
  readonly copiesOf: (index: number) => number;
  /** Pieces it may still get. */
  left: number;
  /** Pieces begun on its call. */
  begun: number;
  sending: number | undefined;
  /** By a limit of this peer. */
  isHeld: boolean;
  progressAtMs: number;
  /** The queue's turn when it last got a piece, or came. */
  sinceTurn: number;
}

class UplinkQueue implements UploadQueue {
  readonly #random: Random;
  readonly #limits: UploadLimits;
  readonly #uploads = new Map<UploadId, Upload>();
  readonly #shares: ReceiverShares;
  readonly #sent = new SentPieces();
  /** Pieces begun in all. */
  #turn = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #effects: UploadEffect[] = [];

  constructor(options: UploadQueueOptions) {
    this.#random = options.random;
    this.#limits = { ...UPLOAD_LIMITS, ...options.limits };
    this.#shares = new ReceiverShares(this.#limits.receiversRemembered);
  }

  handle(event: UploadEvent, nowMs: number): readonly UploadEffect[] {
    this.#apply(event, nowMs);
    this.#abortStalled(nowMs);
    this.#serve(nowMs);
    this.#setWakeTime(nowMs);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  view(): UploadQueueView {
    const sending = this.#all((upload) => upload.sending !== undefined).length;
    return { sending, waiting: this.#uploads.size - sending };
  }

  #apply(event: UploadEvent, nowMs: number): void {
    if (event.kind === 'tick') this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (event.kind === 'requested') this.#request(event, nowMs);
    if (event.kind === 'held') this.#hold(event.uploadId);
    if (event.kind === 'block_sent') this.#progress(event.uploadId, nowMs);
    if (event.kind === 'piece_sent') this.#pieceSent(event.uploadId, nowMs);
    if (event.kind === 'ended') this.#forget(event.uploadId);
    if (event.kind === 'unshared') this.#sent.forget(event.root);
  }

  #request(event: Extract<UploadEvent, { kind: 'requested' }>, nowMs: number): void {
    const { uploadId: id, receiver, root, have, maxPieces: left, copiesOf = () => 0 } = event;
    if (this.#uploads.has(id)) throw new TypeError(`Upload ${id} is here already`);
    const want = new Set(event.want.filter((index) => index < have.length && have.has(index)));
    if (want.size === 0) {
      this.#effects.push({ kind: 'refuse', uploadId: id, code: 'missing_piece' });
      return;
    }
    if (!this.#makeRoomFor(receiver, nowMs)) {
      this.#effects.push({ kind: 'refuse', uploadId: id, code: 'busy' });
      return;
    }
    const progress = {
      begun: 0,
      sending: undefined,
      isHeld: false,
      progressAtMs: nowMs,
      sinceTurn: this.#turn,
    };
    this.#uploads.set(id, { id, receiver, root, want, have, copiesOf, left, ...progress });
    this.#shares.arrive(receiver);
  }

  /**
   * Few receivers are taken at a time. One that has had more, and has nothing under way, makes room for one that has had
   * less; those that stopped reading do not count.
   */
  #makeRoomFor(receiver: PeerId, nowMs: number): boolean {
    const own = this.#all((upload) => upload.receiver === receiver);
    if (own.length > 0) return own.length < this.#limits.requestsPerReceiver;
    const stalled = this.#stalledReceivers(nowMs);
    const receivers = new Set(
      this.#all((upload) => !stalled.has(upload.receiver)).map((upload) => upload.receiver),
    );
    if (receivers.size < this.#limits.receivers) return true;
    for (const upload of this.#all((each) => each.sending !== undefined)) receivers.delete(upload.receiver);
    const most = [...receivers].sort((a, b) => this.#shares.of(b) - this.#shares.of(a))[0];
    if (most === undefined || this.#shares.of(most) <= this.#shares.ofArriving(receiver)) return false;
    for (const upload of this.#all((each) => each.receiver === most)) this.#close(upload, 'busy');
    return true;
  }

  #hold(id: UploadId): void {
    const upload = this.#uploads.get(id);
    if (upload) upload.isHeld = true;
  }

  #progress(id: UploadId, nowMs: number): void {
    const upload = this.#uploads.get(id);
    if (!upload) return;
    upload.isHeld = false;
    upload.progressAtMs = nowMs;
  }

  #pieceSent(id: UploadId, nowMs: number): void {
    const upload = this.#uploads.get(id);
    if (upload?.sending === undefined) return;
    upload.sending = undefined;
    upload.progressAtMs = nowMs;
    upload.left -= 1;
    if (upload.left === 0 || upload.want.size === 0) this.#close(upload, 'missing_piece');
  }

  /** Ends the call in order, or refuses it where nothing was sent. */
  #close(upload: Upload, code: 'busy' | 'missing_piece'): void {
    const { id } = upload;
    this.#uploads.delete(id);
    this.#effects.push(
      upload.begun > 0 ? { kind: 'end', uploadId: id } : { kind: 'refuse', uploadId: id, code },
    );
    this.#trimShares();
  }

  /** A piece that was cut off was not sent: it counts neither for the receiver nor for the piece. */
  #forget(id: UploadId): void {
    const upload = this.#uploads.get(id);
    if (!upload) return;
    this.#uploads.delete(id);
    if (upload.sending !== undefined) {
      this.#shares.takeBack(upload.receiver);
      this.#sent.takeBack(upload.root, upload.sending);
    }
    this.#trimShares();
  }

  #trimShares(): void {
    this.#shares.trim(() => new Set(this.#all(() => true).map((upload) => upload.receiver)));
  }

  #abortStalled(nowMs: number): void {
    for (const upload of this.#all(isWaitedFor)) {
      if (nowMs < upload.progressAtMs + this.#limits.abortMs) continue;
      this.#forget(upload.id);
      this.#effects.push({ kind: 'abort', uploadId: upload.id, code: 'stalled' });
    }
  }

  #isStalled(upload: Upload, nowMs: number): boolean {
    return isWaitedFor(upload) && nowMs >= upload.progressAtMs + this.#limits.stalledMs;
  }

  #stalledReceivers(nowMs: number): Set<PeerId> {
    return new Set(this.#all((upload) => this.#isStalled(upload, nowMs)).map((upload) => upload.receiver));
  }

  #serve(nowMs: number): void {
    const active = this.#all(
      (upload) => upload.sending !== undefined && !this.#isStalled(upload, nowMs),
    ).length;
    for (let free = this.#limits.active - active; free > 0; ) {
      const upload = this.#next(nowMs);
      if (!upload) return;
      if (this.#begin(upload, nowMs)) free -= 1;
    }
  }

  /** The upload to serve next; who does not read gets nothing more until it does. */
  #next(nowMs: number): Upload | undefined {
    const stalled = this.#stalledReceivers(nowMs);
    const waiting = this.#all((upload) => upload.sending === undefined && !stalled.has(upload.receiver));
    const sending = this.#all((upload) => upload.sending !== undefined).map((upload) => upload.receiver);
    const candidates = waiting.map((upload) => ({
      upload,
      sending: sending.filter((receiver) => receiver === upload.receiver).length,
      served: this.#shares.of(upload.receiver),
      sinceTurn: upload.sinceTurn,
    }));
    return chooseCandidate(candidates)?.upload;
  }

  #begin(upload: Upload, nowMs: number): boolean {
    const { root, want, have, copiesOf, receiver } = upload;
    const sentOf = (index: number) => this.#sent.of(root, index);
    const index = choosePiece(want, { sentOf, copiesOf }, this.#random);
    if (index === undefined) {
      this.#close(upload, 'missing_piece');
      return false;
    }
    want.delete(index);
    // A store may lose pieces: a source file that changed on disk is not served.
    if (!have.has(index)) return false;
    this.#turn += 1;
    this.#shares.begin(receiver);
    this.#sent.begin(root, index, have.length);
    upload.begun += 1;
    upload.sending = index;
    upload.progressAtMs = nowMs;
    upload.sinceTurn = this.#turn;
    this.#effects.push({ kind: 'send_piece', uploadId: upload.id, index });
    return true;
  }

  /** A tick that is on its way and comes earlier is left: a timer for each block would cost more than a tick. */
  #setWakeTime(nowMs: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const upload of this.#all(isWaitedFor)) {
      const waitMs = this.#isStalled(upload, nowMs) ? this.#limits.abortMs : this.#limits.stalledMs;
      earliest = Math.min(earliest, upload.progressAtMs + waitMs);
    }
    const onItsWayMs = this.#wakeAtMs > nowMs ? this.#wakeAtMs : Number.POSITIVE_INFINITY;
    if (earliest >= onItsWayMs) return;
    this.#wakeAtMs = earliest;
    this.#effects.push({ kind: 'wake_at', atMs: earliest });
  }

  #all(test: (upload: Upload) => boolean): Upload[] {
    return [...this.#uploads.values()].filter(test);
  }
}

/** Whether it is its receiver who has to take the next bytes. */
function isWaitedFor({ sending, isHeld }: Upload): boolean {
  return sending !== undefined && !isHeld;
}

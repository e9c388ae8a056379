/**
 * The serving side of one uplink: which waiting receiver gets the next piece, and which piece that is.
 *
 * Everything that affects its decisions: the requests that wait and what they want, what the file's store has, what was
 * sent to whom before, copies of a piece in the swarm where somebody knows them, the limits, the time (for receivers
 * that stopped reading), `Random` for ties.
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
import type { UploadEffect, UploadEvent, UploadId, UploadLimits } from './upload-events.ts';
import { UPLOAD_LIMITS } from './upload-events.ts';

export interface UploadQueueOptions {
  readonly random: Random;
  readonly limits?: Partial<UploadLimits>;
  /** How many copies of a piece the swarm has, as far as somebody here knows. */
  readonly copiesOf?: (root: string, index: number) => number;
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
  /** Pieces it may still get. */
  left: number;
  /** Pieces begun on its call. */
  begun: number;
  sending: number | undefined;
  progressAtMs: number;
  /** The queue's turn when it last got a piece, or came. */
  sinceTurn: number;
}

class UplinkQueue implements UploadQueue {
  readonly #random: Random;
  readonly #limits: UploadLimits;
  readonly #copiesOf: (root: string, index: number) => number;
  readonly #uploads = new Map<UploadId, Upload>();
  /** Pieces begun for each receiver, raised to `#servedAtLeast` when it comes back. */
  readonly #served = new Map<PeerId, number>();
  /** What the receiver served last had had: the queue's virtual time. */
  #servedAtLeast = 0;
  /** How often each piece of a file was begun. */
  readonly #sent = new Map<string, Uint16Array>();
  /** Pieces begun in all. */
  #turn = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #effects: UploadEffect[] = [];

  constructor(options: UploadQueueOptions) {
    this.#random = options.random;
    this.#limits = { ...UPLOAD_LIMITS, ...options.limits };
    this.#copiesOf = options.copiesOf ?? (() => 0);
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
    if (event.kind === 'block_sent') this.#progress(event.uploadId, nowMs);
    if (event.kind === 'piece_sent') this.#pieceSent(event.uploadId, nowMs);
    if (event.kind === 'ended') this.#forget(event.uploadId);
    if (event.kind === 'unshared') this.#sent.delete(event.root);
  }

  #request(event: Extract<UploadEvent, { kind: 'requested' }>, nowMs: number): void {
    const { uploadId, receiver } = event;
    if (this.#uploads.has(uploadId)) throw new TypeError(`Upload ${uploadId} is here already`);
    const want = new Set(event.want.filter((index) => index < event.have.length && event.have.has(index)));
    const served = Math.max(this.#servedAtLeast, this.#served.get(receiver) ?? 0);
    if (want.size === 0) {
      this.#effects.push({ kind: 'refuse', uploadId, code: 'missing_piece' });
    } else if (!this.#makeRoomFor(receiver, served)) {
      this.#effects.push({ kind: 'refuse', uploadId, code: 'busy' });
    } else {
      const { root, have, maxPieces: left } = event;
      const upload = {
        id: uploadId,
        receiver,
        root,
        want,
        have,
        left,
        progressAtMs: nowMs,
        sinceTurn: this.#turn,
      };
      this.#uploads.set(uploadId, { ...upload, begun: 0, sending: undefined });
      this.#served.set(receiver, served);
    }
  }

  /** Few receivers are taken at a time; one that has had more, and nothing under way, makes room for one that has had less. */
  #makeRoomFor(receiver: PeerId, served: number): boolean {
    const receivers = new Map<PeerId, Upload[]>();
    for (const upload of this.#uploads.values()) {
      const uploads = receivers.get(upload.receiver);
      if (uploads) uploads.push(upload);
      else receivers.set(upload.receiver, [upload]);
    }
    const own = receivers.get(receiver);
    if (own) return own.length < this.#limits.requestsPerReceiver;
    if (receivers.size < this.#limits.receivers) return true;
    let most: { readonly uploads: Upload[]; readonly served: number } | undefined;
    for (const [other, uploads] of receivers) {
      const otherServed = this.#served.get(other) ?? 0;
      if (otherServed <= (most?.served ?? served)) continue;
      if (uploads.every((upload) => upload.sending === undefined)) most = { uploads, served: otherServed };
    }
    for (const upload of most?.uploads ?? []) this.#turnAway(upload);
    return most !== undefined;
  }

  #turnAway(upload: Upload): void {
    this.#uploads.delete(upload.id);
    const uploadId = upload.id;
    this.#effects.push(
      upload.begun > 0 ? { kind: 'end', uploadId } : { kind: 'refuse', uploadId, code: 'busy' },
    );
  }

  #progress(id: UploadId, nowMs: number): void {
    const upload = this.#uploads.get(id);
    if (upload) upload.progressAtMs = nowMs;
  }

  #pieceSent(id: UploadId, nowMs: number): void {
    const upload = this.#uploads.get(id);
    if (upload?.sending === undefined) return;
    upload.sending = undefined;
    upload.progressAtMs = nowMs;
    upload.left -= 1;
    this.#endIfServed(upload);
  }

  #endIfServed(upload: Upload): boolean {
    if (upload.left > 0 && upload.want.size > 0) return false;
    this.#uploads.delete(upload.id);
    this.#effects.push({ kind: 'end', uploadId: upload.id });
    this.#forgetReceivers();
    return true;
  }

  /** A piece that was cut off was not sent: it counts neither for the receiver nor for the piece. */
  #forget(id: UploadId): void {
    const upload = this.#uploads.get(id);
    if (!upload) return;
    this.#uploads.delete(id);
    if (upload.sending !== undefined) this.#count(upload, upload.sending, -1);
    this.#forgetReceivers();
  }

  /** Receivers without requests are remembered only while they are few. */
  #forgetReceivers(): void {
    if (this.#served.size <= this.#limits.receiversRemembered) return;
    const present = new Set(this.#all(() => true).map((upload) => upload.receiver));
    for (const receiver of this.#served.keys()) if (!present.has(receiver)) this.#served.delete(receiver);
  }

  #abortStalled(nowMs: number): void {
    for (const upload of this.#all((each) => each.sending !== undefined)) {
      if (nowMs < upload.progressAtMs + this.#limits.abortMs) continue;
      this.#forget(upload.id);
      this.#effects.push({ kind: 'abort', uploadId: upload.id, code: 'stalled' });
    }
  }

  #serve(nowMs: number): void {
    const isActive = (upload: Upload) =>
      upload.sending !== undefined && nowMs < upload.progressAtMs + this.#limits.stalledMs;
    let free = this.#limits.active - this.#all(isActive).length;
    while (free > 0) {
      const upload = this.#next();
      if (!upload) return;
      if (this.#begin(upload, nowMs)) free -= 1;
    }
  }

  #next(): Upload | undefined {
    const candidates = this.#all((upload) => upload.sending === undefined).map((upload) => ({
      upload,
      served: this.#served.get(upload.receiver) ?? 0,
      sinceTurn: upload.sinceTurn,
    }));
    return chooseCandidate(candidates)?.upload;
  }

  #begin(upload: Upload, nowMs: number): boolean {
    const index = choosePiece(
      upload.want,
      {
        sentOf: (piece) => this.#sent.get(upload.root)?.[piece] ?? 0,
        copiesOf: (piece) => this.#copiesOf(upload.root, piece),
      },
      this.#random,
    );
    if (index === undefined) return !this.#endIfServed(upload);
    upload.want.delete(index);
    // A store may lose pieces: a source file that changed on disk is not served.
    if (!upload.have.has(index)) return false;
    upload.sending = index;
    upload.begun += 1;
    upload.progressAtMs = nowMs;
    this.#turn += 1;
    upload.sinceTurn = this.#turn;
    this.#servedAtLeast = this.#served.get(upload.receiver) ?? 0;
    this.#count(upload, index, 1);
    this.#effects.push({ kind: 'send_piece', uploadId: upload.id, index });
    return true;
  }

  #count(upload: Upload, index: number, change: 1 | -1): void {
    const sent = this.#sent.get(upload.root) ?? new Uint16Array(upload.have.length);
    this.#sent.set(upload.root, sent);
    sent[index] = (sent[index] ?? 0) + change;
    this.#served.set(upload.receiver, (this.#served.get(upload.receiver) ?? 0) + change);
  }

  /** A tick that is on its way and comes earlier is left: a timer for each block would cost more than a tick. */
  #setWakeTime(nowMs: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const upload of this.#all((each) => each.sending !== undefined)) {
      const stalledAtMs = upload.progressAtMs + this.#limits.stalledMs;
      const atMs = stalledAtMs > nowMs ? stalledAtMs : upload.progressAtMs + this.#limits.abortMs;
      earliest = Math.min(earliest, atMs);
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

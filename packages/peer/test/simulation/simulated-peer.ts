/**
 * One peer of the swarm simulator: the real swarm and upload cores, wired to a modelled uplink and its neighbours.
 *
 * This is a shell for the cores as small as one can be: it carries out effects as messages over links and decides
 * nothing. What a liar does differently is here too.
 */
import type { Random } from '@minitorrent/rpc-core';
import { PieceSet } from '../../src/piece-set.ts';
import type { Swarm } from '../../src/swarm.ts';
import { createSwarm } from '../../src/swarm.ts';
import type { PeerId, RequestId, SwarmEffect, SwarmEvent } from '../../src/swarm-events.ts';
import type { UploadEffect, UploadEvent, UploadId } from '../../src/upload-events.ts';
import type { UploadQueue } from '../../src/upload-queue.ts';
import { createUploadQueue } from '../../src/upload-queue.ts';
import type { Behaviour, Link, SimulationWorld } from './simulation-model.ts';
import type { Uplink } from './uplink.ts';
import { createUplink } from './uplink.ts';
import { type Line, WindowedUplink } from './windowed-uplink.ts';

/** A frame of its own record, in a packet of its own. */
const QUESTION_BYTES = 120;
/** What opens a piece, without its leaf hashes: these are counted with its bytes. */
const PIECE_ITEM_BYTES = 120;
const ENDLESS = { startBytes: Number.POSITIVE_INFINITY, leastBytes: Number.POSITIVE_INFINITY };

interface Serving {
  readonly receiver: SimulatedPeer;
  readonly requestId: RequestId;
  readonly link: Link;
  isSending: boolean;
  /** Pieces that the connection has taken and not sent. */
  buffered: number;
  /** What goes out behind them. */
  atEnd: (() => void) | undefined;
}

export class SimulatedPeer {
  readonly id: PeerId;
  readonly behaviour: Behaviour;
  readonly have: PieceSet;
  /** The connections that it has opened. */
  readonly links = new Map<SimulatedPeer, Link>();
  /** Those that others have opened, whom it tells what it has. */
  readonly listeners = new Map<SimulatedPeer, Link>();
  /** The most that it had open at a time. */
  mostLinks = 0;
  isUp = false;
  completedAtMs: number | undefined;
  bannedPeers = new Set<PeerId>();
  badPieces = 0;
  reason = 'none';
  swarm: Swarm;
  uploads: UploadQueue;
  readonly uplink: Uplink;
  readonly #simulation: SimulationWorld<SimulatedPeer>;
  readonly #random: Random;
  readonly #serving = new Map<UploadId, Serving>();
  #windowed: WindowedUplink<Line>;
  readonly #lines = new Map<Link, Line>();
  #lastWrite = 0;
  #wake = { swarm: 0, uploads: 0 };

  constructor(
    simulation: SimulationWorld<SimulatedPeer>,
    options: {
      readonly id: PeerId;
      readonly behaviour: Behaviour;
      readonly bytesPerMs: number;
      readonly isSeeder: boolean;
      readonly random: Random;
    },
  ) {
    this.id = options.id;
    this.behaviour = options.behaviour;
    this.#simulation = simulation;
    this.#random = options.random;
    this.have = new PieceSet(simulation.options.pieces);
    if (options.isSeeder) for (let index = 0; index < this.have.length; index += 1) this.have.add(index);
    this.uplink = createUplink(simulation.time, options.bytesPerMs);
    this.swarm = this.#newSwarm();
    this.uploads = this.#newUploads();
    this.#windowed = this.#newWindowed();
  }

  get isLiar(): boolean {
    return this.behaviour !== 'honest';
  }

  get isComplete(): boolean {
    return this.have.size === this.have.length;
  }

  /** Whether it tells the tracker that it has everything. */
  get announcesAll(): boolean {
    return this.isLiar || this.isComplete;
  }

  /** What it says that it has. */
  announces(index: number): boolean {
    return this.isLiar || this.have.has(index);
  }

  /** Starts, or starts again after `stop` with what it has verified. */
  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.swarm = this.#newSwarm();
    this.uploads = this.#newUploads();
    this.#windowed = this.#newWindowed();
    this.#simulation.tracker.join(this);
  }

  /** Vanishes without a word: its links break. */
  stop(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#simulation.tracker.lost(this);
    this.uplink.cancelAll();
    this.#serving.clear();
    this.#lines.clear();
    this.#wake = { swarm: this.#wake.swarm + 1, uploads: this.#wake.uploads + 1 };
    for (const other of [...this.links.keys()]) this.#simulation.disconnect(this, other);
    for (const other of [...this.listeners.keys()]) this.#simulation.hangUp(this, other);
  }

  /** Reports to the swarm core and carries out what it answers. */
  tell(event: SwarmEvent): void {
    if (!this.isUp) return;
    if (event.kind === 'piece_verified' && this.have.add(event.index) && this.isComplete)
      this.#simulation.completed(this);
    for (const effect of this.swarm.handle(event, this.#simulation.time.nowMs)) this.#carryOut(effect);
    this.#simulation.checkBudget(this);
  }

  tellUploads(event: UploadEvent): void {
    if (!this.isUp) return;
    for (const effect of this.uploads.handle(event, this.#simulation.time.nowMs))
      this.#carryOutUpload(effect);
  }

  /** A `send_pieces` call arrives. */
  serve(receiver: SimulatedPeer, request: Extract<SwarmEffect, { kind: 'request' }>, link: Link): void {
    if (this.behaviour === 'silent') return;
    const id = this.#simulation.nextUploadId();
    this.#serving.set(id, {
      receiver,
      requestId: request.requestId,
      link,
      isSending: false,
      buffered: 0,
      atEnd: undefined,
    });
    const have = this.behaviour === 'wrong_bytes' ? { length: this.have.length, has: () => true } : this.have;
    const { pieces: want, maxPieces } = request;
    this.tellUploads({
      kind: 'requested',
      uploadId: id,
      receiver: receiver.id,
      root: 'file',
      want,
      maxPieces,
      have,
      // Who has everything runs no swarm, and so knows nothing of others: not the seeder, nor whoever has become one.
      copiesOf: (index) => (this.isComplete ? 0 : this.swarm.copiesOf(index)),
    });
  }

  /** A receiver cancels a call. */
  serveCancel(receiver: SimulatedPeer, request: RequestId): void {
    for (const [id, serving] of this.#serving) {
      if (serving.receiver === receiver && serving.requestId === request) this.#endServing(id);
    }
  }

  /** The connection of a receiver is gone. */
  serveLost(receiver: SimulatedPeer, link: Link): void {
    if (this.listeners.get(receiver) === link) this.listeners.delete(receiver);
    for (const [id, serving] of this.#serving) if (serving.link === link) this.#endServing(id);
    const line = this.#lines.get(link);
    if (!line) return;
    this.#lines.delete(link);
    this.#windowed.forget(line);
  }

  /** Whether a request of somebody else waits here. */
  hasWaiting(receiver: SimulatedPeer): boolean {
    for (const serving of this.#serving.values()) {
      if (serving.receiver !== receiver && !serving.isSending) return true;
    }
    return false;
  }

  get servingCount(): number {
    return this.#serving.size;
  }

  #endServing(id: UploadId): void {
    this.#serving.delete(id);
    if (!this.#hasBuffers) this.uplink.cancel(id);
    this.tellUploads({ kind: 'ended', uploadId: id });
  }

  #newSwarm(): Swarm {
    const { pieces, pieceLength, limits, strategy } = this.#simulation.options;
    return createSwarm({
      pieceCount: pieces,
      pieceLength,
      sizeBytes: pieces * pieceLength,
      have: this.have,
      random: this.#random,
      ...(strategy ? { strategy } : {}),
      ...(limits ? { limits } : {}),
    });
  }

  #newWindowed(): WindowedUplink<Line> {
    const { sockets, windowLimits = {} } = this.#simulation.options;
    return new WindowedUplink(this.#simulation.time, sockets === 'endless' ? ENDLESS : windowLimits);
  }

  #newUploads(): UploadQueue {
    const { uploadLimits } = this.#simulation.options;
    return createUploadQueue({ random: this.#random, ...(uploadLimits ? { limits: uploadLimits } : {}) });
  }

  #carryOut(effect: SwarmEffect): void {
    const simulation = this.#simulation;
    if (effect.kind === 'connect') simulation.connect(this, simulation.peer(effect.peer));
    if (effect.kind === 'disconnect') simulation.disconnect(this, simulation.peer(effect.peer));
    if (effect.kind === 'request') simulation.request(this, effect);
    if (effect.kind === 'cancel') {
      const uploader = simulation.peer(effect.peer);
      simulation.send(this, uploader, () => uploader.serveCancel(this, effect.requestId));
    }
    if (effect.kind === 'ban') this.bannedPeers.add(effect.peer);
    if (effect.kind === 'need_peers') simulation.tracker.nudge(this);
    if (effect.kind === 'announce_have') simulation.announce(this, effect.indices);
    if (effect.kind === 'waiting') this.reason = effect.reason;
    if (effect.kind === 'completed') this.#complete();
    if (effect.kind === 'wake_at') this.#wakeAt('swarm', effect.atMs, () => this.tell({ kind: 'tick' }));
  }

  /** Nothing is asked any more: only those who ask stay connected. */
  #complete(): void {
    this.completedAtMs ??= this.#simulation.time.nowMs;
    for (const other of [...this.links.keys()]) this.#simulation.disconnect(this, other);
    this.#simulation.tracker.nudge(this);
  }

  #carryOutUpload(effect: UploadEffect): void {
    if (effect.kind === 'wake_at') {
      this.#wakeAt('uploads', effect.atMs, () => this.tellUploads({ kind: 'tick' }));
      return;
    }
    const serving = this.#serving.get(effect.uploadId);
    if (!serving) return;
    if (effect.kind === 'send_piece') {
      this.#sendPiece(effect.uploadId, effect.index, serving);
      return;
    }
    this.#serving.delete(effect.uploadId);
    const outcome = effect.kind === 'end' ? 'done' : effect.kind === 'refuse' ? effect.code : 'failed';
    if (outcome === 'busy') this.#simulation.countBusy();
    const { receiver, requestId } = serving;
    const ended = () => receiver.tell({ kind: 'request_ended', peer: this.id, requestId, outcome });
    if (serving.buffered > 0) serving.atEnd = () => this.#sendTo(serving, ended);
    else this.#sendTo(serving, ended);
  }

  #sendPiece(id: UploadId, index: number, serving: Serving): void {
    const { receiver, link } = serving;
    const { pieceLength, overhead = 0, sockets = 'none' } = this.#simulation.options;
    const share = this.behaviour === 'wrong_bytes' ? 1 / 16 : 1;
    const bytes = pieceLength * share;
    this.#simulation.countBegun(this, receiver, index);
    serving.isSending = true;
    const arrived = () => this.#arrive(serving, index);
    const onLeft = () => {
      this.#simulation.countPiece(receiver, index);
      const sent = { from: this, to: receiver, bytes: bytes * (1 + overhead) };
      this.#simulation.deliverPiece(link, sent, arrived);
    };
    if (sockets === 'none') {
      this.#announcePiece(serving, index);
      const onSent = () => {
        onLeft();
        this.#taken(id, serving);
      };
      this.uplink.send({ key: id, lane: String(id), bytes: bytes * (1 + overhead), onSent });
      return;
    }
    serving.buffered += 1;
    this.#windowed.send({
      line: this.#lineTo(receiver, link),
      bytes,
      isOver: () => this.#serving.get(id) !== serving,
      write: (taken, isFirst, isLast) => {
        this.tellUploads({ kind: 'block_sent', uploadId: id, bytes: taken });
        if (isFirst) this.#write(link, PIECE_ITEM_BYTES, () => this.#announcePiece(serving, index));
        this.#write(link, taken * (1 + overhead), () => {
          if (!isLast) return;
          onLeft();
          this.#leftBuffer(serving);
        });
        if (isLast) this.#simulation.time.after(0, () => this.#taken(id, serving));
      },
    });
  }

  /** Questions go behind what is written on the connection, and answers the other way. */
  #lineTo(receiver: SimulatedPeer, link: Link): Line {
    const known = this.#lines.get(link);
    if (known) return known;
    const line: Line = {
      ask: (onAnswer) => {
        const answer = () => this.#simulation.sendOver(link, receiver, onAnswer);
        const arrived = () => receiver.#write(link, QUESTION_BYTES, answer);
        this.#write(link, QUESTION_BYTES, () => this.#simulation.sendOver(link, this, arrived));
      },
    };
    this.#lines.set(link, line);
    return line;
  }

  get #hasBuffers(): boolean {
    return (this.#simulation.options.sockets ?? 'none') !== 'none';
  }

  /** Sends behind all that the connection has taken. */
  #write(link: Link, bytes: number, onSent: () => void): void {
    this.#lastWrite += 1;
    this.uplink.send({ key: this.#lastWrite, lane: link.name, bytes, onSent });
  }

  #announcePiece(serving: Serving, index: number): void {
    const { receiver, requestId } = serving;
    this.#sendTo(serving, () => receiver.tell({ kind: 'piece_started', peer: this.id, requestId, index }));
  }

  /** The connection has the whole piece. */
  #taken(id: UploadId, serving: Serving): void {
    serving.isSending = false;
    this.tellUploads({ kind: 'piece_sent', uploadId: id });
  }

  #leftBuffer(serving: Serving): void {
    serving.buffered -= 1;
    if (serving.buffered === 0) serving.atEnd?.();
  }

  #arrive({ receiver, requestId }: Serving, index: number): void {
    const of = { peer: this.id, requestId };
    if (this.behaviour === 'wrong_bytes') {
      receiver.badPieces += 1;
      receiver.tell({ kind: 'piece_bad', ...of, index, leaf: 0 });
      return;
    }
    receiver.tell({ kind: 'bytes_received', ...of, bytes: this.#simulation.options.pieceLength });
    receiver.tell({ kind: 'piece_verified', ...of, index });
  }

  #sendTo(serving: Serving, task: () => void): void {
    this.#simulation.sendOver(serving.link, this, task);
  }

  #wakeAt(what: 'swarm' | 'uploads', atMs: number, task: () => void): void {
    this.#wake[what] += 1;
    const planned = this.#wake[what];
    this.#simulation.time.at(atMs, () => {
      if (this.#wake[what] === planned) task();
    });
  }
}

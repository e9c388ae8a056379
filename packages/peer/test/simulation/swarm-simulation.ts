/**
 * A whole swarm on a virtual clock: the real cores of many peers, modelled uplinks and delay, churn and liars.
 *
 * The same seed gives the same run to the last event. It checks while it runs what must hold at any time (nobody is
 * asked for a piece that they never announced or that the asker has, no budget is exceeded) and keeps what it saw.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { PeerId, SwarmEffect } from '../../src/swarm-events.ts';
import { peerId } from '../../src/swarm-events.ts';
import type { SwarmLimits } from '../../src/swarm-limits.ts';
import { swarmLimits } from '../../src/swarm-limits.ts';
import { type UploadId, uploadId } from '../../src/upload-events.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { SimulatedPeer } from './simulated-peer.ts';
import { SimulatedTracker } from './simulated-tracker.ts';
import type { Behaviour, Link, SimulationOptions, SimulationWorld } from './simulation-model.ts';
import { boundOf, type FiguresOfRun, SwarmFigures, uplinkOf } from './swarm-figures.ts';
import type { VirtualTime } from './virtual-time.ts';
import { createVirtualTime } from './virtual-time.ts';

export interface SimulationResult extends FiguresOfRun {
  readonly timeMs: number;
  /** Nobody could be quicker (Kumar and Ross 2006). */
  readonly boundMs: number;
  readonly ratio: number;
  readonly completed: boolean;
  /** Messages delivered. */
  readonly events: number;
  /** Requests refused because an uplink had enough of them. */
  readonly busy: number;
  readonly violations: readonly string[];
  readonly peers: readonly SimulatedPeer[];
}

export class SwarmSimulation implements SimulationWorld<SimulatedPeer> {
  readonly options: SimulationOptions;
  readonly time: VirtualTime = createVirtualTime();
  readonly tracker: SimulatedTracker<SimulatedPeer>;
  readonly violations: string[] = [];
  readonly #limits: SwarmLimits;
  readonly #random: Random;
  readonly #peers: SimulatedPeer[];
  readonly #byId: Map<PeerId, SimulatedPeer>;
  readonly #figures: SwarmFigures;
  /** Those that stay and have not got everything. */
  readonly #incomplete = new Set<SimulatedPeer>();
  /** All messages take the same time, so none can overtake another. */
  readonly #isSteady: boolean;
  readonly #downFreeAtMs = new Map<SimulatedPeer, number>();
  #events = 0;
  #busy = 0;
  #lastUploadId = 0;
  #lastLink = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.#limits = swarmLimits(options.limits);
    this.#random = createSeededRandom(options.seed);
    const { delayMs, trackerPeers: peersPerAnswer } = options;
    const { time } = this;
    this.tracker = new SimulatedTracker({ time, random: this.#newRandom(), delayMs, peersPerAnswer });
    this.#peers = this.#createPeers();
    this.#byId = new Map(this.#peers.map((peer) => [peer.id, peer]));
    this.#isSteady = options.downlink === undefined && (options.jitterMs ?? 0) === 0;
    this.#figures = new SwarmFigures(options);
  }

  run(): SimulationResult {
    for (const peer of this.#peers) this.time.at(0, () => peer.start());
    for (const { leecher, downAtMs, upAtMs } of this.options.churn ?? []) {
      const peer = this.#leecher(leecher);
      this.time.at(downAtMs, () => peer.stop());
      if (upAtMs !== undefined) this.time.at(upAtMs, () => peer.start());
    }
    const leaving = (this.options.churn ?? []).filter((each) => each.upAtMs === undefined);
    const gone = new Set(leaving.map((each) => this.#leecher(each.leecher)));
    const staying = this.#peers.filter((peer) => !peer.isLiar && !gone.has(peer));
    for (const peer of staying) if (!peer.isComplete) this.#incomplete.add(peer);
    const isDone = () => this.#incomplete.size === 0 && staying.every((peer) => peer.isUp);
    this.time.run({ isDone, untilMs: this.options.untilMs ?? 3_600_000 });
    const timeMs = this.time.nowMs;
    const boundMs = boundOf(this.options);
    return {
      ...{ timeMs, boundMs, ratio: timeMs / boundMs, completed: isDone() },
      ...this.#figures.ofRun(this.#peers, timeMs),
      ...{ events: this.#events, busy: this.#busy, violations: this.violations, peers: this.#peers },
    };
  }

  /** Lets what is under way come to its end after `run`. */
  drain(durationMs: number): void {
    this.time.run({ isDone: () => false, untilMs: this.time.nowMs + durationMs });
  }

  nextUploadId(): UploadId {
    this.#lastUploadId += 1;
    return uploadId(this.#lastUploadId);
  }

  /** What honest peers that are up still hold although everything is done. */
  leftovers(): string[] {
    return this.#peers
      .filter((peer) => peer.isUp && !peer.isLiar)
      .map((peer) => ({ peer, swarm: peer.swarm.view(), uploads: peer.uploads.view() }))
      .filter(({ swarm, uploads }) => swarm.requests + uploads.sending + uploads.waiting > 0)
      .map(({ peer, swarm, uploads }) => `${peer.id} ${JSON.stringify({ swarm, uploads })}`);
  }

  peer(id: PeerId): SimulatedPeer {
    const peer = this.#byId.get(id);
    if (!peer) throw new Error(`No simulated peer ${id}`);
    return peer;
  }

  connect(from: SimulatedPeer, to: SimulatedPeer): void {
    this.time.after(2 * this.options.delayMs, () => {
      if (!from.isUp || from.isComplete || from.links.has(to)) return;
      if (!to.isUp) {
        from.tell({ kind: 'peer_failed', peer: to.id });
        return;
      }
      this.#lastLink += 1;
      const link: Link = { name: `link-${this.#lastLink}`, isOpen: true, arrivesAtMs: new Map() };
      from.links.set(to, link);
      from.mostLinks = Math.max(from.mostLinks, from.links.size);
      to.listeners.set(from, link);
      from.tell({ kind: 'peer_connected', peer: to.id });
      this.sendOver(link, from, () => this.#sendBitfield(to, from, link));
    });
  }

  /** The other side believes in the connection a little longer; what it sends meanwhile is lost. */
  disconnect(from: SimulatedPeer, to: SimulatedPeer): void {
    const link = from.links.get(to);
    if (!link) return;
    link.isOpen = false;
    from.links.delete(to);
    this.time.after(this.options.delayMs, () => to.serveLost(from, link));
  }

  hangUp(from: SimulatedPeer, listener: SimulatedPeer): void {
    const link = from.listeners.get(listener);
    if (!link) return;
    link.isOpen = false;
    from.listeners.delete(listener);
    this.time.after(this.options.delayMs, () => {
      if (listener.links.get(from) !== link) return;
      listener.links.delete(from);
      listener.tell({ kind: 'peer_lost', peer: from.id });
    });
  }

  request(from: SimulatedPeer, request: Extract<SwarmEffect, { kind: 'request' }>): void {
    const uploader = this.peer(request.peer);
    const link = from.links.get(uploader);
    if (!link) {
      this.violations.push(`${from.id} asks ${uploader.id}, which is not connected`);
      return;
    }
    if (this.options.checksRules !== false) this.#checkRequest(from, uploader, request);
    this.sendOver(link, from, () => uploader.serve(from, request, link));
  }

  #checkRequest(
    from: SimulatedPeer,
    uploader: SimulatedPeer,
    { pieces, maxPieces }: Extract<SwarmEffect, { kind: 'request' }>,
  ): void {
    for (const index of pieces) {
      if (!uploader.announces(index))
        this.violations.push(`${from.id} asks ${uploader.id} for ${index}, never announced`);
      if (from.have.has(index)) this.violations.push(`${from.id} asks for ${index}, which it has`);
    }
    if (maxPieces > pieces.length) this.violations.push(`${from.id} asks for more than it names`);
  }

  /** A message over the link that `from` has opened to `to`, if there is one. */
  send(from: SimulatedPeer, to: SimulatedPeer, task: () => void): void {
    const link = from.links.get(to);
    if (link) this.sendOver(link, from, task);
  }

  sendOver(link: Link, from: SimulatedPeer, task: () => void): void {
    this.#arriveAt(link, from, this.#delayedMs(), task);
  }

  announce(from: SimulatedPeer, indices: readonly number[]): void {
    const tell = (to: SimulatedPeer) => to.tell({ kind: 'have_some', peer: from.id, indices });
    const links = [...from.listeners];
    if (!this.#isSteady) {
      for (const [to, link] of links) this.sendOver(link, from, () => tell(to));
      return;
    }
    // Most messages of a swarm are these, and all of them arrive at one time.
    this.time.after(this.options.delayMs, () => {
      this.#events += links.length;
      for (const [to, link] of links) if (link.isOpen) tell(to);
    });
  }

  deliverPiece(
    link: Link,
    { from, to, bytes }: { readonly from: SimulatedPeer; readonly to: SimulatedPeer; readonly bytes: number },
    task: () => void,
  ): void {
    const { downlink } = this.options;
    if (downlink === undefined) {
      this.sendOver(link, from, task);
      return;
    }
    // The first byte came a piece's time ago, so only a queue at the downlink delays the last one.
    const freeAtMs = Math.max(this.#delayedMs(), (this.#downFreeAtMs.get(to) ?? 0) + bytes / downlink);
    this.#downFreeAtMs.set(to, freeAtMs);
    this.#arriveAt(link, from, freeAtMs, task);
  }

  countBegun(uploader: SimulatedPeer, receiver: SimulatedPeer, index: number): void {
    this.#figures.begun(uploader, receiver, index);
  }

  countPiece(receiver: SimulatedPeer, index: number): void {
    this.#figures.sent(receiver, index);
  }

  countBusy(): void {
    this.#busy += 1;
  }

  checkBudget(peer: SimulatedPeer): void {
    if (this.options.checksRules === false) return;
    const { outstandingPieces, requests, connectedPeers } = peer.swarm.view();
    if (outstandingPieces > this.#limits.maxOutstandingPieces) {
      this.violations.push(`${peer.id} has ${outstandingPieces} pieces outstanding`);
    }
    // Every request that is out of budget is late, and a peer has late requests only until it is asked no more.
    if (requests > this.#limits.maxOutstandingPieces * (connectedPeers + 1)) {
      this.violations.push(`${peer.id} has ${requests} requests`);
    }
  }

  completed(peer: SimulatedPeer): void {
    this.#incomplete.delete(peer);
  }

  #delayedMs(): number {
    const { delayMs, jitterMs = 0 } = this.options;
    const jitter = jitterMs === 0 ? 0 : (jitterMs * this.#random.integer(1_024)) / 1_023;
    return this.time.nowMs + delayMs + jitter;
  }

  /** Messages of one side of a connection arrive in their order. */
  #arriveAt(link: Link, from: SimulatedPeer, wantedMs: number, task: () => void): void {
    const atMs = this.#isSteady ? wantedMs : Math.max(wantedMs, link.arrivesAtMs.get(from.id) ?? 0);
    if (!this.#isSteady) link.arrivesAtMs.set(from.id, atMs);
    this.time.at(atMs, () => {
      this.#events += 1;
      if (link.isOpen) task();
    });
  }

  #sendBitfield(of: SimulatedPeer, to: SimulatedPeer, link: Link): void {
    const said = Array.from({ length: of.have.length }, (_, index) => of.announces(index));
    const have = { length: said.length, has: (index: number) => said[index] ?? false };
    this.sendOver(link, of, () => to.tell({ kind: 'have_all', peer: of.id, have }));
  }

  #newRandom(): Random {
    return createSeededRandom(this.#random.integer(0x1_0000_0000));
  }

  #leecher(number: number): SimulatedPeer {
    return this.peer(peerId(`leecher-${number}`));
  }

  #createPeers(): SimulatedPeer[] {
    const { leechers, seederUplink, liars = [] } = this.options;
    const make = (name: string, bytesPerMs: number, behaviour: Behaviour, isSeeder: boolean) =>
      new SimulatedPeer(this, {
        id: peerId(name),
        behaviour,
        bytesPerMs,
        isSeeder,
        random: this.#newRandom(),
      });
    return [
      make('seeder', seederUplink, 'honest', true),
      ...Array.from({ length: leechers }, (_, n) =>
        make(`leecher-${n}`, uplinkOf(this.options, n), 'honest', false),
      ),
      ...liars.map((behaviour, n) => make(`liar-${n}`, seederUplink, behaviour, false)),
    ];
  }
}

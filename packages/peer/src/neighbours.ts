/**
 * Which of the known peers of a file to be connected to.
 *
 * Everything that affects it: the peers named and their order, what became of connections (with times), which neighbours
 * have something for us, the limits, `Random` for the order of attempts, the lot of newcomers and the jitter of back-offs.
 *
 * Up to 30 known peers it is a full mesh; of more, about 16 neighbours are wanted, connections from outside are taken
 * up to 30, and neighbours that have had nothing for us for a while make room for others. Whoever comes when all that are
 * wanted are there is taken in addition, up to 30, as likely as those before (reservoir sampling, Vitter 1985): else those who
 * came last would be asked by nobody, and what they could send would be lost. Banned peers never return.
 */
import type { Random } from '@minitorrent/rpc-core';
import { backoffMs } from './peer-score.ts';
import type { PeerId } from './swarm-events.ts';
import type { SwarmLimits } from './swarm-limits.ts';

export type Link = 'idle' | 'connecting' | 'connected' | 'banned';

interface Neighbour {
  readonly peer: PeerId;
  link: Link;
  failures: number;
  retryAtMs: number;
}

/** Short beside the time after which a neighbour counts as useless. */
const USES_NOTED_MS = 1_000;

export class Neighbours {
  readonly #limits: SwarmLimits;
  readonly #random: Random;
  readonly #peers = new Map<PeerId, Neighbour>();
  readonly #connected = new Set<PeerId>();
  /** Newcomers that the lot has fallen on. */
  readonly #drawn = new Set<Neighbour>();
  /** Those connected that have nothing for us, and since when. */
  readonly #uselessSince = new Map<PeerId, number>();
  #usesNotedAtMs = Number.NEGATIVE_INFINITY;
  #connecting = 0;
  #banned = 0;

  constructor(options: { readonly limits: SwarmLimits; readonly random: Random }) {
    this.#limits = options.limits;
    this.#random = options.random;
  }

  get connected(): ReadonlySet<PeerId> {
    return this.#connected;
  }

  get connecting(): number {
    return this.#connecting;
  }

  /** Known peers that are not banned. */
  get known(): number {
    return this.#peers.size - this.#banned;
  }

  /** How many connections we would have. */
  get wanted(): number {
    return this.known <= this.#limits.fullMeshPeers ? this.known : this.#limits.neighbours;
  }

  /** True where the peer was not known. Beyond the limit nobody more is remembered. */
  found(peer: PeerId): boolean {
    if (this.#peers.has(peer) || this.#peers.size >= this.#limits.maxKnownPeers) return false;
    const neighbour = newNeighbour(peer);
    this.#peers.set(peer, neighbour);
    if (this.#isDrawn()) this.#drawn.add(neighbour);
    return true;
  }

  /** A connection is up; anything but `kept` asks for its end. */
  up(peer: PeerId): 'kept' | 'banned' | 'too_many' {
    this.found(peer);
    const neighbour = this.#peers.get(peer);
    if (!neighbour) return 'too_many';
    if (neighbour.link === 'banned') return 'banned';
    if (neighbour.link === 'idle' && this.#connected.size >= this.#limits.fullMeshPeers) return 'too_many';
    this.#setLink(neighbour, 'connected');
    neighbour.failures = 0;
    return 'kept';
  }

  /** A connection is gone, or an attempt failed: tried again after a wait that doubles each time. */
  down(peer: PeerId, nowMs: number): void {
    const neighbour = this.#peers.get(peer);
    if (!neighbour || neighbour.link === 'banned' || neighbour.link === 'idle') return;
    this.#setLink(neighbour, 'idle');
    neighbour.retryAtMs = nowMs + backoffMs(neighbour.failures, this.#limits, this.#random);
    neighbour.failures += 1;
  }

  ban(peer: PeerId): void {
    this.found(peer);
    const neighbour = this.#peers.get(peer);
    if (!neighbour || neighbour.link === 'banned') return;
    this.#setLink(neighbour, 'banned');
    this.#banned += 1;
  }

  /** The peers to connect to now; they count as connecting from here on. */
  connectNow(nowMs: number): PeerId[] {
    const lacking = this.wanted - this.#links;
    const chosen = this.#choose(this.#peers.values(), lacking, nowMs);
    if (this.#drawn.size === 0) return chosen;
    const room = this.#limits.fullMeshPeers - this.#links;
    return [...chosen, ...this.#choose(this.#drawn, room, nowMs)];
  }

  /**
   * Neighbours to give up for others, which stand ready: those that have been of no use for a while. `useful` are the
   * connected ones that have something for us. Who is given up counts as idle from here on, and waits the longest.
   */
  replaceNow(useful: ReadonlySet<PeerId>, nowMs: number): PeerId[] {
    if (this.known <= this.#limits.fullMeshPeers) return [];
    const useless = this.#uselessFor(this.#limits.uselessMs, useful, nowMs);
    if (useless.length === 0 || this.#connected.size < this.#limits.neighbours) return [];
    const ready = this.#idle().filter((neighbour) => neighbour.retryAtMs <= nowMs).length;
    const replaced = useless.slice(0, ready);
    for (const neighbour of replaced) {
      this.#setLink(neighbour, 'idle');
      neighbour.retryAtMs = nowMs + this.#limits.retryMaxMs;
    }
    return replaced.map((neighbour) => neighbour.peer);
  }

  /** When `connectNow` may have something new to say; undefined where only events change that. */
  nextRetryMs(): number | undefined {
    if (this.#connected.size + this.#connecting >= this.wanted) return undefined;
    let earliest: number | undefined;
    for (const { retryAtMs } of this.#idle()) earliest = Math.min(earliest ?? retryAtMs, retryAtMs);
    return earliest;
  }

  /** Some of these to connect to, by lot. */
  #choose(known: Iterable<Neighbour>, most: number, nowMs: number): PeerId[] {
    const room = Math.min(most, this.#limits.connectsAtOnce - this.#connecting);
    if (room <= 0) return [];
    const ready = [...known].filter(({ link, retryAtMs }) => link === 'idle' && retryAtMs <= nowMs);
    const chosen: PeerId[] = [];
    while (chosen.length < room && ready.length > 0) {
      const [neighbour] = ready.splice(this.#random.integer(ready.length), 1);
      if (!neighbour) break;
      this.#setLink(neighbour, 'connecting');
      chosen.push(neighbour.peer);
    }
    return chosen;
  }

  get #links(): number {
    return this.#connected.size + this.#connecting;
  }

  /** Whether a peer that is found when there are neighbours enough becomes one too: as likely as any that came before. */
  #isDrawn(): boolean {
    return (
      this.#links >= this.#limits.neighbours && this.#random.integer(this.known) < this.#limits.neighbours
    );
  }

  #uselessFor(durationMs: number, useful: ReadonlySet<PeerId>, nowMs: number): Neighbour[] {
    const found: Neighbour[] = [];
    this.#noteUses(useful, nowMs);
    for (const [peer, sinceMs] of this.#uselessSince) {
      const neighbour = this.#peers.get(peer);
      if (neighbour && nowMs >= sinceMs + durationMs) found.push(neighbour);
    }
    return found;
  }

  /** Asked for at every event, so while their number stays the same it looks from time to time. */
  #noteUses(useful: ReadonlySet<PeerId>, nowMs: number): void {
    const useless = this.#connected.size - useful.size;
    if (useless === this.#uselessSince.size && nowMs < this.#usesNotedAtMs + USES_NOTED_MS) return;
    this.#usesNotedAtMs = nowMs;
    for (const peer of this.#connected) this.#noteUse(peer, useful.has(peer), nowMs);
  }

  #noteUse(peer: PeerId, isUseful: boolean, nowMs: number): void {
    if (isUseful) this.#uselessSince.delete(peer);
    else if (!this.#uselessSince.has(peer)) this.#uselessSince.set(peer, nowMs);
  }

  #idle(): Neighbour[] {
    return [...this.#peers.values()].filter((neighbour) => neighbour.link === 'idle');
  }

  #setLink(neighbour: Neighbour, link: Link): void {
    if (neighbour.link === 'connecting') this.#connecting -= 1;
    if (link === 'connecting') this.#connecting += 1;
    if (link === 'connected') this.#connected.add(neighbour.peer);
    else {
      this.#connected.delete(neighbour.peer);
      this.#uselessSince.delete(neighbour.peer);
    }
    if (link !== 'idle') this.#drawn.delete(neighbour);
    neighbour.link = link;
  }
}

function newNeighbour(peer: PeerId): Neighbour {
  return { peer, link: 'idle', failures: 0, retryAtMs: Number.NEGATIVE_INFINITY };
}

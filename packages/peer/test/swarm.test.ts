/** What one download's swarm decides, event by event; whole swarms are in swarm-simulation.test.ts. */
import { describe, expect, it } from 'vitest';
import { createSwarm, type Swarm, type SwarmOptions } from '../src/swarm.ts';
import {
  type PeerId,
  peerId,
  type RequestId,
  type RequestOutcome,
  requestId,
  type SwarmEffect,
  type SwarmEvent,
} from '../src/swarm-events.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const PIECE = 64 * 1024;
const A = peerId('a');
const B = peerId('b');
const C = peerId('c');

type EffectOf<K extends SwarmEffect['kind']> = Extract<SwarmEffect, { kind: K }>;
type Request = EffectOf<'request'>;

/** A swarm, its clock, and every effect so far. */
class Bench {
  nowMs = 1_000;
  readonly effects: SwarmEffect[] = [];
  readonly swarm: Swarm;
  readonly #pieceCount: number;
  readonly #askedAtMs = new Map<RequestId, number>();
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(pieceCount: number, options: Partial<SwarmOptions> = {}) {
    this.#pieceCount = pieceCount;
    this.swarm = createSwarm({
      pieceCount,
      pieceLength: PIECE,
      sizeBytes: pieceCount * PIECE,
      have: { length: pieceCount, has: () => false },
      random: createSeededRandom(1),
      ...options,
    });
  }

  tell(event: SwarmEvent): readonly SwarmEffect[] {
    const effects = this.swarm.handle(event, this.nowMs);
    for (const { atMs } of ofKind(effects, 'wake_at')) this.#wakeAtMs = atMs;
    for (const { requestId } of requestsIn(effects)) this.#askedAtMs.set(requestId, this.nowMs);
    this.effects.push(...effects);
    return effects;
  }

  /** Lets the time come at which an answer over a path of this round trip can be here. */
  waitForAnswer(request: Request, rttMs: number): void {
    this.nowMs = Math.max(this.nowMs, (this.#askedAtMs.get(request.requestId) ?? 0) + rttMs);
  }

  /** Lets time pass, with the ticks that the swarm asks for. */
  wait(durationMs: number): readonly SwarmEffect[] {
    const start = this.effects.length;
    const untilMs = this.nowMs + durationMs;
    while (this.#wakeAtMs <= untilMs) {
      this.nowMs = this.#wakeAtMs;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.tell({ kind: 'tick' });
    }
    this.nowMs = untilMs;
    return this.effects.slice(start);
  }

  /** Connects `peer`, which has `indices`, or everything; a round trip of 2 ms. */
  join(peer: PeerId, indices?: readonly number[]): readonly SwarmEffect[] {
    this.tell({ kind: 'peers_found', peers: [peer] });
    this.tell({ kind: 'peer_connected', peer });
    this.nowMs += 2;
    const have = { length: this.#pieceCount, has: (index: number) => indices?.includes(index) ?? true };
    return this.tell({ kind: 'have_all', peer, have });
  }

  start(request: Request, index: number = firstOf(request)): readonly SwarmEffect[] {
    return this.tell({ kind: 'piece_started', peer: request.peer, requestId: request.requestId, index });
  }

  bytes(request: Request, bytes: number): readonly SwarmEffect[] {
    return this.tell({ kind: 'bytes_received', peer: request.peer, requestId: request.requestId, bytes });
  }

  /** The peer sends a piece of the request, by default the first that it names, in 5 ms. */
  deliver(request: Request, index: number = firstOf(request)): readonly SwarmEffect[] {
    const start = this.effects.length;
    this.start(request, index);
    this.nowMs += 5;
    this.bytes(request, PIECE);
    this.tell({ kind: 'piece_verified', peer: request.peer, requestId: request.requestId, index });
    return this.effects.slice(start);
  }

  end(request: Request, outcome: RequestOutcome = 'done'): readonly SwarmEffect[] {
    return this.tell({ kind: 'request_ended', peer: request.peer, requestId: request.requestId, outcome });
  }

  all<K extends SwarmEffect['kind']>(kind: K): EffectOf<K>[] {
    return ofKind(this.effects, kind);
  }

  /** Delivers and ends every request until there are no more. */
  finish(): void {
    for (let next = 0; next < this.all('request').length; next += 1) {
      const request = this.all('request')[next];
      if (!request) return;
      this.deliver(request);
      this.end(request);
    }
  }

  get reason(): string | undefined {
    return this.all('waiting').at(-1)?.reason;
  }
}

function ofKind<K extends SwarmEffect['kind']>(effects: readonly SwarmEffect[], kind: K): EffectOf<K>[] {
  return effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
}

function requestsIn(effects: readonly SwarmEffect[]): Request[] {
  return ofKind(effects, 'request');
}

function firstOf(request: Request): number {
  return only(request.pieces.slice(0, 1));
}

function only<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined || values.length !== 1) throw new Error(`Expected one, got ${values.length}`);
  return value;
}

describe('createSwarm', () => {
  it('is complete at once where nothing is missing', () => {
    const whole = new Bench(3, { have: { length: 3, has: () => true } });
    expect(whole.tell({ kind: 'tick' })).toEqual([{ kind: 'completed' }]);
    expect(new Bench(0).tell({ kind: 'tick' })).toContainEqual({ kind: 'completed' });
  });

  it('refuses limits that make no sense', () => {
    expect(() => new Bench(1, { limits: { neighbours: -1 } })).toThrow(RangeError);
    expect(() => new Bench(1, { limits: { minOutstandingPieces: 0 } })).toThrow(RangeError);
    expect(() => new Bench(1, { limits: { announceMs: Number.NaN } })).toThrow(RangeError);
  });

  it('fetches every piece once from one peer, announces them and completes', () => {
    const bench = new Bench(9);
    expect(ofKind(bench.tell({ kind: 'peers_found', peers: [A] }), 'connect')).toEqual([
      { kind: 'connect', peer: A },
    ]);
    bench.join(A);
    bench.finish();
    expect(bench.effects.at(-1)?.kind).toBe('completed');
    const announced = bench.all('announce_have').flatMap((effect) => effect.indices);
    expect(announced.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(bench.swarm.view()).toMatchObject({
      phase: 'completed',
      missingPieces: 0,
      requests: 0,
      duplicatePieces: 0,
    });
    expect(bench.reason).toBe('none');
  });

  it('fetches only what is missing, a last piece of another size included', () => {
    const bench = new Bench(4, { sizeBytes: 3 * PIECE + 1, have: { length: 4, has: (index) => index < 3 } });
    const request = only(requestsIn(bench.join(A)));
    expect(request).toMatchObject({ pieces: [3], maxPieces: 1 });
    bench.deliver(request);
    expect(bench.all('completed').length).toBe(1);
  });
});

describe('the request budget', () => {
  it('is a total over all uploaders, with disjoint want-sets', () => {
    const bench = new Bench(100);
    for (const peer of [A, B, C, peerId('d'), peerId('e'), peerId('f')]) bench.join(peer);
    const requests = bench.all('request');
    expect(requests.reduce((sum, request) => sum + request.maxPieces, 0)).toBe(4);
    const wanted = requests.flatMap((request) => request.pieces);
    expect(new Set(wanted).size).toBe(wanted.length);
    for (const request of requests) expect(request.pieces.length).toBeGreaterThan(10);
  });

  it('gives a peer that has shown nothing one request beside others', () => {
    const bench = new Bench(100);
    bench.tell({ kind: 'peer_connected', peer: B });
    bench.join(A);
    const request = only(bench.all('request'));
    const next = bench.deliver(request);
    expect(requestsIn(next).length).toBe(2);
  });

  it('grows on a long path, with larger requests rather than more', () => {
    const bench = new Bench(2_000);
    bench.tell({ kind: 'peer_connected', peer: A });
    bench.nowMs += 400;
    bench.tell({ kind: 'have_all', peer: A, have: { length: 2_000, has: () => true } });
    let mostRequests = 0;
    for (let round = 0; round < 100; round += 1) {
      const request = bench.all('request')[round];
      if (!request) break;
      bench.waitForAnswer(request, 400);
      mostRequests = Math.max(mostRequests, bench.swarm.view().requests);
      bench.deliver(request);
      for (const index of request.pieces.slice(1, request.maxPieces)) bench.deliver(request, index);
      bench.end(request);
    }
    expect(bench.all('request').at(-1)?.maxPieces).toBeGreaterThan(16);
    expect(mostRequests).toBeLessThan(20);
  });

  it('asks for the rest of a want-set as soon as its request has brought what it was to bring', () => {
    const bench = new Bench(4, { limits: { minOutstandingPieces: 1, maxOutstandingPieces: 1 } });
    const first = only(requestsIn(bench.join(A)));
    expect(new Set(first.pieces)).toEqual(new Set([0, 1, 2, 3]));
    const second = only(requestsIn(bench.deliver(first, 2)));
    expect(new Set(second.pieces)).toEqual(new Set([0, 1, 3]));
  });
});

describe('rate_limited', () => {
  it('asks for no more than what comes soon, and always for something', () => {
    const asked = (bytesPerSecond: number | undefined): number => {
      const bench = new Bench(100);
      bench.tell({ kind: 'rate_limited', bytesPerSecond });
      bench.join(A);
      return bench.swarm.view().outstandingPieces;
    };
    expect([asked(undefined), asked(100 * PIECE), asked(PIECE), asked(PIECE / 4)]).toEqual([4, 4, 2, 1]);
  });

  it('does not take for late what the limit holds back', () => {
    const late = (bytesPerSecond: number | undefined): boolean => {
      const bench = new Bench(100);
      bench.tell({ kind: 'rate_limited', bytesPerSecond });
      const [request] = requestsIn(bench.join(A));
      if (!request) throw new Error('nothing was asked for');
      const of = { peer: A, requestId: request.requestId };
      bench.tell({ kind: 'piece_started', ...of, index: request.pieces[0] ?? 0 });
      bench.wait(20_000);
      return bench.swarm.view().outstandingPieces === 0;
    };
    expect([late(undefined), late(32 * 1024)]).toEqual([true, false]);
  });
});

describe('range_wanted', () => {
  it('puts the pieces of the range first and in order, until it is taken back', () => {
    const bench = new Bench(500);
    bench.tell({ kind: 'range_wanted', range: { first: 77, last: 79 } });
    const first = requestsIn(bench.join(A));
    expect(first.slice(0, 3).map((request) => request.pieces)).toEqual([[77], [78], [79]]);
    expect(first[3]?.pieces.length).toBeGreaterThan(1);
    bench.tell({ kind: 'range_wanted', range: { first: 90, last: 400 } });
    bench.tell({ kind: 'range_wanted', range: undefined });
    const next = requestsIn(bench.deliver(only(first.slice(0, 1))));
    expect(only(next).pieces.length).toBeGreaterThan(1);
  });
});

describe('a peer that sends a bad piece', () => {
  it('is banned with the proof, gives back what it held, and does not come back', () => {
    const bench = new Bench(8);
    bench.join(A);
    const [bad] = bench.all('request');
    if (!bad) throw new Error('no request');
    bench.tell({ kind: 'peer_connected', peer: B });
    const effects = bench.tell({ kind: 'piece_bad', peer: A, requestId: bad.requestId, index: 5, leaf: 3 });
    expect(effects.slice(0, 2)).toEqual([
      { kind: 'ban', peer: A, evidence: { kind: 'bad_leaf', piece: 5, leaf: 3 } },
      { kind: 'disconnect', peer: A, reason: 'banned' },
    ]);
    expect(bench.swarm.view()).toMatchObject({ requests: 0, outstandingPieces: 0 });
    expect(bench.tell({ kind: 'piece_bad', peer: A, requestId: bad.requestId, index: 5, leaf: 3 })).toEqual(
      [],
    );
    bench.tell({ kind: 'peers_found', peers: [A] });
    bench.wait(1_000_000);
    expect(bench.all('connect').filter((effect) => effect.peer === A).length).toBe(1);
    expect(bench.tell({ kind: 'peer_connected', peer: A })).toContainEqual({
      ...{ kind: 'disconnect', peer: A, reason: 'banned' },
    });
    bench.join(B);
    bench.finish();
    expect(bench.swarm.view().phase).toBe('completed');
  });

  it('is banned as well where its answer is none, with what was wrong', () => {
    const bench = new Bench(8);
    bench.join(A);
    const effects = bench.tell({ kind: 'answer_broken', peer: A, index: undefined, problem: 'no sense' });
    expect(effects.slice(0, 2)).toEqual([
      { kind: 'ban', peer: A, evidence: { kind: 'broken_answer', piece: undefined, problem: 'no sense' } },
      { kind: 'disconnect', peer: A, reason: 'banned' },
    ]);
    expect(bench.swarm.view()).toMatchObject({ requests: 0, outstandingPieces: 0 });
  });
});

describe('a peer that denies what it announced', () => {
  it('is corrected, waits longer each time, and is banned in the end', () => {
    const bench = new Bench(400);
    bench.tell({ kind: 'peer_connected', peer: B });
    let request = only(requestsIn(bench.join(A)));
    const denied = new Set<number>();
    for (let lie = 1; lie < SWARM_LIMITS.maxDenials; lie += 1) {
      for (const index of request.pieces) denied.add(index);
      expect(requestsIn(bench.end(request, 'missing_piece'))).toEqual([]);
      request = only(requestsIn(bench.wait(20_000)));
      for (const index of request.pieces) expect(denied.has(index)).toBe(false);
    }
    const { evidence } = only(ofKind(bench.end(request, 'missing_piece'), 'ban'));
    expect(evidence.kind).toBe('false_have');
  });
});

describe('a peer that is busy', () => {
  it('is left alone for a moment while others are asked, and asked again', () => {
    const bench = new Bench(400);
    bench.tell({ kind: 'peer_connected', peer: B });
    const request = only(requestsIn(bench.join(A)));
    expect(requestsIn(bench.end(request, 'busy'))).toEqual([]);
    const other = requestsIn(bench.join(B));
    expect(other.map((each) => each.peer)).toEqual([B]);
    const again = requestsIn(bench.wait(SWARM_LIMITS.minBusyMs));
    expect(again.map((each) => each.peer)).toEqual([A]);
    expect(bench.all('ban')).toEqual([]);
  });
});

describe('a request that ends', () => {
  it.each(['failed', 'done'] as const)('without a piece, as %s, is a failure of its peer', (outcome) => {
    const bench = new Bench(50);
    bench.join(A);
    for (const request of bench.all('request')) bench.end(request, outcome);
    const before = bench.all('request').length;
    expect(bench.swarm.view().outstandingPieces).toBe(0);
    expect(requestsIn(bench.wait(SWARM_LIMITS.retryBaseMs / 2 - 1))).toEqual([]);
    bench.wait(20_000);
    expect(bench.all('request').length).toBeGreaterThan(before);
  });

  it('after it was cancelled, or by another peer than it was asked of, changes nothing', () => {
    const bench = new Bench(50);
    const requests = requestsIn(bench.join(A));
    bench.join(B);
    const [request] = requests;
    if (!request) throw new Error('no request');
    const before = bench.swarm.view();
    bench.tell({ kind: 'request_ended', peer: B, requestId: request.requestId, outcome: 'failed' });
    bench.tell({ kind: 'request_ended', peer: A, requestId: requestId(999), outcome: 'failed' });
    bench.tell({ kind: 'piece_started', peer: B, requestId: request.requestId, index: firstOf(request) });
    expect(bench.swarm.view()).toEqual(before);
  });
});

describe('a piece of which a part is here', () => {
  it('is asked of others before any other piece, with nothing to choose', () => {
    const bench = new Bench(40);
    const [request] = requestsIn(bench.join(A)) as [Request];
    bench.start(request);
    bench.bytes(request, PIECE / 2);
    bench.tell({ kind: 'peer_lost', peer: A });
    const [next] = requestsIn(bench.join(B)) as [Request];
    expect(next).toMatchObject({ peer: B, pieces: [firstOf(request)], maxPieces: 1 });
  });
});

describe('a peer that is lost', () => {
  it('gives back what it held to others, and is tried again after a wait', () => {
    const bench = new Bench(3);
    bench.join(A);
    expect(bench.all('request').length).toBe(3);
    bench.tell({ kind: 'peer_connected', peer: B });
    bench.tell({ kind: 'peer_lost', peer: A });
    expect(bench.swarm.view()).toMatchObject({ requests: 0, connectedPeers: 1 });
    expect(requestsIn(bench.join(B)).map((request) => request.peer)).toEqual([B, B, B]);
    expect(ofKind(bench.wait(SWARM_LIMITS.retryBaseMs), 'connect')).toEqual([{ kind: 'connect', peer: A }]);
  });

  it('and connects anew without word of it holds nothing from before', () => {
    const bench = new Bench(10);
    bench.join(A);
    bench.tell({ kind: 'peer_connected', peer: A });
    expect(bench.swarm.view()).toMatchObject({ requests: 0, connectedPeers: 1 });
  });
});

describe('a slow or silent peer', () => {
  it('costs one piece: past its deadline its pieces go to others and it gets no more', () => {
    const bench = new Bench(40);
    bench.tell({ kind: 'peer_connected', peer: B });
    const silent = only(requestsIn(bench.join(A)));
    bench.join(B);
    const fromB = () => bench.all('request').filter((request) => request.peer === B);
    for (let next = 0; next < fromB().length; next += 1) {
      const request = fromB()[next];
      if (!request) break;
      bench.deliver(request);
      bench.end(request);
      bench.wait(60);
    }
    expect(bench.swarm.view().phase).toBe('completed');
    expect(bench.all('request').filter((request) => request.peer === A)).toEqual([silent]);
    expect(bench.all('cancel')).toEqual([{ kind: 'cancel', peer: A, requestId: silent.requestId }]);
  });

  it('is given up after a long silence, and tried again after a wait', () => {
    const bench = new Bench(40);
    bench.join(B, []);
    const request = only(requestsIn(bench.join(A)));
    bench.wait(SWARM_LIMITS.silenceMs - 1);
    expect(bench.all('cancel')).toEqual([]);
    expect(bench.swarm.view()).toMatchObject({ requests: 1, outstandingPieces: 0 });
    const effects = bench.wait(1);
    expect(ofKind(effects, 'cancel')).toEqual([{ kind: 'cancel', peer: A, requestId: request.requestId }]);
    expect(requestsIn(effects)).toEqual([]);
    expect(requestsIn(bench.wait(SWARM_LIMITS.retryBaseMs)).map((each) => each.peer)).toEqual([A]);
  });

  it('that sends steadily is waited for, however slow', () => {
    const bench = new Bench(40);
    bench.join(B, []);
    const request = only(requestsIn(bench.join(A)));
    bench.start(request);
    for (let block = 1; block < 16; block += 1) {
      bench.wait(2_000);
      bench.bytes(request, PIECE / 16);
    }
    expect(bench.swarm.view()).toMatchObject({ requests: 1, outstandingPieces: 1 });
    bench.wait(SWARM_LIMITS.maxStallMs);
    expect(bench.swarm.view()).toMatchObject({ requests: 1, outstandingPieces: 0 });
  });

  it('that never says what it has is given up', () => {
    const bench = new Bench(4);
    bench.tell({ kind: 'peers_found', peers: [A] });
    bench.tell({ kind: 'peer_connected', peer: A });
    expect(bench.reason).toBe('connecting');
    const effects = bench.wait(SWARM_LIMITS.silenceMs);
    expect(effects).toContainEqual({ kind: 'disconnect', peer: A, reason: 'silent' });
    expect(bench.swarm.view().connectedPeers).toBe(0);
  });
});

describe('the endgame', () => {
  it('asks a second peer for the last piece, takes the first copy and cancels the other', () => {
    const bench = new Bench(1);
    bench.tell({ kind: 'peer_connected', peer: B });
    const first = only(requestsIn(bench.join(A)));
    bench.start(first);
    bench.join(B);
    const second = only(requestsIn(bench.wait(SWARM_LIMITS.minDeadlineMs)));
    expect(second).toMatchObject({ peer: B, pieces: [0] });
    bench.join(C);
    bench.wait(500);
    expect(bench.all('request').length).toBe(2);
    const effects = bench.deliver(second);
    expect(effects).toContainEqual({ kind: 'cancel', peer: A, requestId: first.requestId });
    expect(bench.swarm.view()).toMatchObject({ phase: 'completed', requests: 0 });
  });

  it('is not kept away by pieces that nobody has', () => {
    const bench = new Bench(2);
    bench.tell({ kind: 'peer_connected', peer: B });
    bench.join(A, [0]);
    bench.join(B, [0]);
    const requests = requestsIn(bench.wait(SWARM_LIMITS.minDeadlineMs));
    expect(requests.map((request) => request.pieces)).toEqual([[0]]);
  });

  it('takes a piece that comes after its request was cancelled, and counts one that comes twice', () => {
    const bench = new Bench(5);
    bench.join(A);
    const requests = bench.all('request');
    bench.tell({ kind: 'paused' });
    for (const request of requests.slice(0, 2)) bench.deliver(request);
    expect(bench.swarm.view()).toMatchObject({ phase: 'paused', missingPieces: 3 });
    bench.deliver(only(requests.slice(0, 1)));
    expect(bench.swarm.view()).toMatchObject({ missingPieces: 3, duplicatePieces: 1 });
  });

  it('does not hold it against a peer that another one sent the last leaf, which is still being stored', () => {
    const bench = new Bench(2);
    bench.tell({ kind: 'peer_connected', peer: B });
    const first = only(requestsIn(bench.join(A, [0])));
    bench.start(first);
    bench.join(B, [0]);
    const second = only(requestsIn(bench.wait(SWARM_LIMITS.minDeadlineMs)));
    bench.start(second);
    bench.bytes(second, PIECE);
    bench.bytes(first, PIECE);
    bench.end(first);
    bench.tell({ kind: 'piece_verified', peer: B, requestId: second.requestId, index: 0 });
    const effects = bench.tell({ kind: 'have_some', peer: A, indices: [1] });
    expect(requestsIn(effects)).toMatchObject([{ peer: A, pieces: [1] }]);
  });

  it('cancels a peer that begins with a piece that has come meanwhile, and does not hold it against it', () => {
    const bench = new Bench(10);
    const [request, other] = requestsIn(bench.join(A));
    if (!request || !other) throw new Error('no requests');
    const taken = firstOf(request);
    bench.tell({ kind: 'piece_verified', peer: A, requestId: other.requestId, index: taken });
    const effects = bench.start(request, taken);
    expect(ofKind(effects, 'cancel').map((effect) => effect.requestId)).toEqual([request.requestId]);
    expect(requestsIn(effects).length).toBeGreaterThan(0);
  });

  it('cancels a peer that begins with a piece that it was not asked for, and holds it against it', () => {
    const bench = new Bench(10);
    const [request, other] = requestsIn(bench.join(A));
    if (!request || !other) throw new Error('no requests');
    const effects = bench.start(request, firstOf(other));
    expect(ofKind(effects, 'cancel').map((effect) => effect.requestId)).toEqual([request.requestId]);
    expect(requestsIn(effects)).toEqual([]);
  });
});

describe('have news', () => {
  it('goes out at once and then coalesced', () => {
    const bench = new Bench(40);
    bench.join(A);
    for (const request of bench.all('request').slice(0, 4)) bench.deliver(request);
    bench.wait(SWARM_LIMITS.announceMs);
    expect(bench.all('announce_have').map((effect) => effect.indices.length)).toEqual([1, 3]);
  });

  it('of others brings requests', () => {
    const bench = new Bench(40);
    expect(requestsIn(bench.join(A, []))).toEqual([]);
    expect(bench.reason).toBe('no_source_for_pieces');
    const effects = bench.tell({ kind: 'have_some', peer: A, indices: [7, 1_000, -1] });
    expect(requestsIn(effects).map((request) => request.pieces)).toEqual([[7]]);
    expect(bench.reason).toBe('none');
    expect(bench.swarm.copiesOf(7)).toBe(1);
  });

  it('of peers that are not connected is ignored', () => {
    const bench = new Bench(40);
    bench.tell({ kind: 'have_all', peer: A, have: { length: 40, has: () => true } });
    bench.tell({ kind: 'have_some', peer: A, indices: [1] });
    expect(bench.swarm.copiesOf(1)).toBe(0);
    expect(bench.all('request')).toEqual([]);
  });
});

describe('paused, resumed and store_failed', () => {
  it('cancels everything and says so, and goes on where it was', () => {
    const bench = new Bench(10);
    bench.join(A);
    const asked = bench.all('request').length;
    const effects = bench.tell({ kind: 'paused' });
    expect(ofKind(effects, 'cancel').length).toBe(asked);
    expect(bench.reason).toBe('paused');
    expect(requestsIn(bench.wait(100_000))).toEqual([]);
    expect(requestsIn(bench.tell({ kind: 'resumed' })).length).toBe(asked);
    expect(bench.reason).toBe('none');
  });

  it('fetches again what the store has lost, even after the end', () => {
    const bench = new Bench(2);
    bench.join(A);
    bench.finish();
    bench.tell({ kind: 'paused' });
    expect(bench.swarm.view().phase).toBe('completed');
    bench.tell({ kind: 'store_failed', lost: [1] });
    expect(bench.reason).toBe('store_failed');
    const request = only(requestsIn(bench.tell({ kind: 'resumed' })));
    expect(request.pieces).toEqual([1]);
    bench.deliver(request);
    bench.tell({ kind: 'resumed' });
    expect(bench.all('completed').length).toBe(2);
  });
});

describe('the reason for waiting', () => {
  it('follows what happens', () => {
    const bench = new Bench(10);
    bench.tell({ kind: 'tick' });
    expect(bench.reason).toBe('no_peers');
    bench.tell({ kind: 'peers_found', peers: [A] });
    expect(bench.reason).toBe('connecting');
    bench.tell({ kind: 'peer_failed', peer: A });
    expect(bench.reason).toBe('no_peers');
    bench.join(A, []);
    expect(bench.reason).toBe('no_source_for_pieces');
    bench.join(A);
    expect(bench.reason).toBe('none');
    bench.wait(SWARM_LIMITS.slowMs);
    expect(bench.reason).toBe('slow_peers');
    const [request] = bench.all('request');
    if (!request) throw new Error('no request');
    bench.start(request);
    bench.bytes(request, 100);
    expect(bench.reason).toBe('none');
  });
});

describe('need_peers', () => {
  it('is asked at once, then ever more seldom, and anew when there are new peers', () => {
    const bench = new Bench(10);
    bench.tell({ kind: 'tick' });
    expect(bench.all('need_peers').length).toBe(1);
    bench.wait(SWARM_LIMITS.needPeersMs * 7);
    expect(bench.all('need_peers').length).toBe(4);
    bench.wait(1_000_000);
    const many = bench.all('need_peers').length;
    expect(many).toBeLessThan(30);
    bench.tell({ kind: 'peers_found', peers: [A] });
    bench.tell({ kind: 'peer_failed', peer: A });
    bench.wait(SWARM_LIMITS.needPeersMs / 2);
    expect(bench.all('need_peers').length).toBeGreaterThan(many);
  });

  it('is asked while more peers could be remembered, though pieces come in', () => {
    const enough = new Bench(10, { limits: { maxKnownPeers: 1 } });
    const few = new Bench(10, { limits: { maxKnownPeers: 2 } });
    for (const bench of [enough, few]) bench.join(A);
    const before = [enough, few].map((bench) => bench.all('need_peers').length);
    for (const bench of [enough, few]) bench.wait(SWARM_LIMITS.needPeersMs * 4);
    const after = [enough, few].map((bench) => bench.all('need_peers').length);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBeGreaterThan(before[1] ?? 0);
  });

  it('is asked anew for newcomers while the mesh is not full, and ever more seldom after that', () => {
    const asked = [1, 1_000].map((fullMeshPeers) => {
      const bench = new Bench(10, { limits: { fullMeshPeers, connectsAtOnce: 0 } });
      bench.join(A);
      for (let second = 1; second <= 100; second += 1) {
        bench.tell({ kind: 'peers_found', peers: [peerId(`newcomer-${second}`)] });
        bench.wait(SWARM_LIMITS.needPeersMs);
      }
      return bench.all('need_peers').length;
    });
    expect(asked[0]).toBeLessThanOrEqual(8);
    expect(asked[1]).toBeGreaterThan(40);
  });

  it('is asked when the peers at hand bring nothing', () => {
    const bench = new Bench(10, { limits: { maxKnownPeers: 1 } });
    bench.join(A);
    const before = bench.all('need_peers').length;
    bench.wait(SWARM_LIMITS.slowMs);
    expect(bench.all('need_peers').length).toBe(before + 1);
  });
});

describe('neighbours of a large swarm', () => {
  it('are some of those known, and replaced where they have nothing', () => {
    const bench = new Bench(10, { limits: { fullMeshPeers: 4, neighbours: 2 } });
    const peers = ['a', 'b', 'c', 'd', 'e', 'f'].map(peerId);
    bench.tell({ kind: 'peers_found', peers });
    const chosen = bench.all('connect').map((effect) => effect.peer);
    expect(chosen.length).toBe(2);
    for (const peer of chosen) {
      bench.tell({ kind: 'peer_connected', peer });
      bench.tell({
        kind: 'have_all',
        peer,
        have: { length: 10, has: (index) => index === 0 && peer === chosen[0] },
      });
    }
    const effects = bench.wait(SWARM_LIMITS.uselessMs);
    bench.tell({ kind: 'tick' });
    const replaced = [...ofKind(effects, 'disconnect'), ...bench.all('disconnect')];
    expect(new Set(replaced.map((effect) => effect.peer))).toEqual(new Set([chosen[1]]));
    expect(replaced[0]?.reason).toBe('useless');
    expect(bench.all('connect').length).toBe(3);
  });

  it('from outside are sent away where there are enough', () => {
    const bench = new Bench(10, { limits: { fullMeshPeers: 1, neighbours: 1 } });
    bench.tell({ kind: 'peer_connected', peer: A });
    expect(bench.tell({ kind: 'peer_connected', peer: B })).toContainEqual({
      ...{ kind: 'disconnect', peer: B, reason: 'too_many' },
    });
  });
});

describe('tick', () => {
  it('that comes a little early is followed by another', () => {
    const bench = new Bench(10);
    bench.join(A);
    const wake = bench.all('wake_at').at(-1);
    bench.nowMs = (wake?.atMs ?? 0) - 0.4;
    expect(bench.tell({ kind: 'tick' })).toEqual([wake]);
  });
});

describe('peerId and requestId', () => {
  it('refuse what cannot name anything', () => {
    expect(() => peerId('')).toThrow(TypeError);
    expect(() => requestId(-1)).toThrow(RangeError);
    expect(() => requestId(0.5)).toThrow(RangeError);
  });
});

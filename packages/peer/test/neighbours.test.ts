import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Neighbours } from '../src/neighbours.ts';
import { type PeerId, peerId } from '../src/swarm-events.ts';
import { swarmLimits } from '../src/swarm-limits.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const limits = swarmLimits({ fullMeshPeers: 6, neighbours: 4, connectsAtOnce: 3, maxKnownPeers: 20 });
/** Of use to us. */
const NOBODY: ReadonlySet<PeerId> = new Set();

function peers(count: number): PeerId[] {
  return Array.from({ length: count }, (_, number) => peerId(`p${number}`));
}

function knowing(count: number): Neighbours {
  const neighbours = new Neighbours({ limits, random: createSeededRandom(1) });
  for (const peer of peers(count)) neighbours.found(peer);
  return neighbours;
}

/** Connects everybody that it wants to. */
function connectAll(neighbours: Neighbours, nowMs: number): PeerId[] {
  const connected: PeerId[] = [];
  for (let next = neighbours.connectNow(nowMs); next.length > 0; next = neighbours.connectNow(nowMs)) {
    for (const peer of next) neighbours.up(peer);
    connected.push(...next);
  }
  return connected;
}

describe('Neighbours', () => {
  it('connects to all of a few peers, a few at a time', () => {
    const neighbours = knowing(6);
    expect(neighbours.connectNow(0).length).toBe(3);
    expect(neighbours.connectNow(0)).toEqual([]);
    expect(neighbours.connecting).toBe(3);
    const all = knowing(6);
    expect(new Set(connectAll(all, 0))).toEqual(new Set(peers(6)));
    expect(all.connecting).toBe(0);
  });

  it('wants some of many peers, and takes more from outside up to the mesh', () => {
    const neighbours = knowing(10);
    expect(connectAll(neighbours, 0).length).toBe(4);
    const outside = peers(10).filter((peer) => !neighbours.connected.has(peer));
    expect(outside.map((peer) => neighbours.up(peer))).toEqual([
      ...['kept', 'kept'],
      ...['too_many', 'too_many', 'too_many', 'too_many'],
    ]);
  });

  it('takes newcomers in addition, as likely as any that came before, up to the mesh', () => {
    const wide = swarmLimits({ fullMeshPeers: 16, neighbours: 4, connectsAtOnce: 3 });
    const [rounds, came] = [2_000, 60];
    const taken = new Map<PeerId, number>();
    for (let seed = 0; seed < rounds; seed += 1) {
      const neighbours = new Neighbours({ limits: wide, random: createSeededRandom(seed) });
      for (const peer of peers(4)) neighbours.found(peer);
      connectAll(neighbours, 0);
      for (const peer of peers(came)) neighbours.found(peer);
      connectAll(neighbours, 0);
      expect(neighbours.connected.size).toBeLessThanOrEqual(16);
      for (const peer of neighbours.connected) taken.set(peer, (taken.get(peer) ?? 0) + 1);
    }
    for (const [place, peer] of peers(came).entries()) {
      const share = (taken.get(peer) ?? 0) / rounds;
      expect(Math.abs(share - Math.min(1, 4 / (place + 1)))).toBeLessThan(0.05);
    }
  });

  it('tries a peer again after a wait that grows, and starts anew once it was connected', () => {
    const neighbours = knowing(1);
    const [peer] = peers(1);
    if (!peer) throw new Error('no peer');
    let nowMs = 0;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      expect(neighbours.connectNow(nowMs)).toEqual([peer]);
      neighbours.down(peer, nowMs);
      expect(neighbours.connectNow(nowMs)).toEqual([]);
      const retryMs = neighbours.nextRetryMs() ?? Number.NaN;
      waits.push(retryMs - nowMs);
      nowMs = retryMs;
    }
    for (const [place, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual((limits.retryBaseMs / 2) * 2 ** place);
      expect(waitMs).toBeLessThanOrEqual(limits.retryBaseMs * 2 ** place);
    }
    neighbours.up(peer);
    neighbours.down(peer, nowMs);
    expect((neighbours.nextRetryMs() ?? Number.NaN) - nowMs).toBeLessThanOrEqual(limits.retryBaseMs);
  });

  it('never connects to a banned peer again, nor keeps its connection', () => {
    const neighbours = knowing(3);
    connectAll(neighbours, 0);
    const [peer] = peers(3);
    if (!peer) throw new Error('no peer');
    neighbours.ban(peer);
    neighbours.ban(peer);
    expect(neighbours.connected.has(peer)).toBe(false);
    expect([neighbours.known, neighbours.wanted]).toEqual([2, 2]);
    neighbours.down(peer, 0);
    neighbours.found(peer);
    expect(neighbours.connectNow(1e9)).toEqual([]);
    expect(neighbours.up(peer)).toBe('banned');
    neighbours.ban(peerId('stranger'));
    expect(neighbours.up(peerId('stranger'))).toBe('banned');
  });

  it('replaces neighbours that have been useless for a while, where others stand ready', () => {
    const neighbours = knowing(10);
    connectAll(neighbours, 0);
    expect(neighbours.replaceNow(NOBODY, 0)).toEqual([]);
    expect(neighbours.replaceNow(NOBODY, limits.uselessMs - 1)).toEqual([]);
    const [useful] = [...neighbours.connected];
    const replaced = neighbours.replaceNow(new Set(useful ? [useful] : []), limits.uselessMs);
    expect(replaced.length).toBe(3);
    expect([...neighbours.connected]).toEqual([useful]);
    const others = connectAll(neighbours, limits.uselessMs);
    for (const peer of others) expect(replaced).not.toContain(peer);
    expect(others.length).toBe(3);
  });

  it('keeps useful neighbours, and all where few peers are known', () => {
    const many = knowing(10);
    connectAll(many, 0);
    many.replaceNow(NOBODY, 0);
    many.replaceNow(many.connected, limits.uselessMs - 1);
    expect(many.replaceNow(NOBODY, limits.uselessMs)).toEqual([]);
    const few = knowing(5);
    connectAll(few, 0);
    few.replaceNow(NOBODY, 0);
    expect(few.replaceNow(NOBODY, 1e9)).toEqual([]);
  });

  it('remembers so many peers and no more', () => {
    const neighbours = knowing(20);
    expect(neighbours.found(peerId('one more'))).toBe(false);
    expect(neighbours.up(peerId('one more'))).toBe('too_many');
    expect(neighbours.found(peerId('p1'))).toBe(false);
    expect(neighbours.known).toBe(20);
  });

  it('counts its links right after any history', () => {
    const step = fc.tuple(
      fc.constantFrom('found', 'up', 'down', 'ban', 'connect', 'replace'),
      fc.nat({ max: 12 }),
      fc.integer({ min: 0, max: 30_000 }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const neighbours = new Neighbours({ limits, random: createSeededRandom(5) });
        const connecting = new Set<PeerId>();
        const banned = new Set<PeerId>();
        let nowMs = 0;
        for (const [kind, number, laterMs] of steps) {
          const peer = peerId(`p${number}`);
          nowMs += laterMs;
          if (kind === 'found') neighbours.found(peer);
          if (kind === 'up' && neighbours.up(peer) === 'kept') connecting.delete(peer);
          if (kind === 'down') neighbours.down(peer, nowMs);
          if (kind === 'ban') neighbours.ban(peer);
          if (kind === 'ban') banned.add(peer);
          if (kind === 'down' || kind === 'ban') connecting.delete(peer);
          if (kind === 'replace') neighbours.replaceNow(NOBODY, nowMs);
          if (kind === 'connect') for (const each of neighbours.connectNow(nowMs)) connecting.add(each);
          expect(neighbours.connecting).toBe(connecting.size);
          expect(neighbours.connected.size).toBeLessThanOrEqual(limits.fullMeshPeers + limits.connectsAtOnce);
          for (const each of banned)
            expect(neighbours.connected.has(each) || connecting.has(each)).toBe(false);
        }
      }),
    );
  });
});

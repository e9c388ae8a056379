/**
 * How much a swarm looks at for one piece of a large file: words of its sets of pieces, counted and not timed, so that it
 * holds on any machine.
 */
import { MAX_PIECE_LENGTH } from '@minitorrent/chunk-store';
import { describe, expect, it, vi } from 'vitest';
import { createSwarm } from '../src/swarm.ts';
import { peerId, type SwarmEffect, type SwarmEvent } from '../src/swarm-events.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const steps = vi.hoisted(() => ({ count: 0, areCounted: false, counters: new Set<() => void>() }));

/** The same sets, which count each look at one of their words while `areCounted`. */
vi.mock('../src/piece-set.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../src/piece-set.ts')>();
  class CountedSet extends original.PieceSet {
    constructor(length: number) {
      super(length);
      if (steps.areCounted) this.#count();
      else steps.counters.add(() => this.#count());
    }

    #count(): void {
      const words = new Proxy(this.words, {
        get(target, name) {
          steps.count += 1;
          return Reflect.get(target, name);
        },
      });
      Object.defineProperty(this, 'words', { value: words });
    }
  }
  return { ...original, PieceSet: CountedSet };
});

const PEERS = SWARM_LIMITS.fullMeshPeers;
const TAKEN = 40;
const LEFT = 2 * TAKEN;

/** Which pieces of so many the peer at a place has, and which are here. */
interface Scene {
  has(index: number, place: number, pieces: number): boolean;
  isHere(index: number, pieces: number): boolean;
}
const nothing = (): boolean => false;
const SCENES: Readonly<Record<string, Scene>> = {
  'where all have all': { has: () => true, isHere: nothing },
  'where each has a third': { has: (index, place) => (index * 7_919 + place) % 3 === 0, isHere: nothing },
  'where two have what is left, and all of them some of it': {
    has: (index, place, pieces) => place < 2 || index < pieces - LEFT / 2,
    isHere: (index, pieces) => index < pieces - LEFT,
  },
};

describe('for each piece that comes, a swarm', () => {
  it.each([
    ['where all have all', 2],
    ['where each has a third', 2],
    // Who has nothing of it is looked at for each of the four requests at a time.
    ['where two have what is left, and all of them some of it', 4 * PEERS],
  ])('%s looks at %i times the words of one set at the most', (name, most) => {
    const [small, large] = [16_384, 65_536].map((pieces) => stepsPerWord(pieces, SCENES[name]));
    expect(small).toBeLessThan(most);
    // As much for each word of a set, however many there are: nothing grows with the square of the file.
    expect(large).toBeLessThan(1.1 * (small ?? 0));
  });
});

/** Words looked at for the dearest of some pieces, as a share of the words that one set has. */
function stepsPerWord(pieces: number, scene: Scene | undefined): number {
  if (scene === undefined) throw new TypeError('There is no such scene');
  steps.counters.clear();
  const have = { length: pieces, has: (index: number) => scene.isHere(index, pieces) };
  const sizes = { pieceCount: pieces, pieceLength: MAX_PIECE_LENGTH, sizeBytes: pieces * MAX_PIECE_LENGTH };
  const swarm = createSwarm({ ...sizes, have, random: createSeededRandom(1) });
  const requests: Extract<SwarmEffect, { kind: 'request' }>[] = [];
  let nowMs = 0;
  const tell = (event: SwarmEvent): void => {
    for (const effect of swarm.handle(event, nowMs)) if (effect.kind === 'request') requests.push(effect);
  };
  for (let place = 0; place < PEERS; place += 1) {
    const peer = peerId(`peer ${place}`);
    tell({ kind: 'peers_found', peers: [peer] });
    tell({ kind: 'peer_connected', peer });
    const has = (index: number): boolean => scene.has(index, place, pieces);
    tell({ kind: 'have_all', peer, have: { length: pieces, has } });
  }
  for (const count of steps.counters) count();
  steps.areCounted = true;
  let most = 0;
  for (let taken = 0; taken < TAKEN; taken += 1) {
    const request = requests.shift();
    if (request === undefined) throw new Error('Nothing is asked for');
    const of = { peer: request.peer, requestId: request.requestId };
    const index = request.pieces[0] ?? 0;
    steps.count = 0;
    nowMs += 1;
    tell({ kind: 'piece_started', ...of, index });
    tell({ kind: 'bytes_received', ...of, bytes: MAX_PIECE_LENGTH });
    tell({ kind: 'piece_verified', ...of, index });
    tell({ kind: 'request_ended', ...of, outcome: 'done' });
    most = Math.max(most, steps.count);
  }
  steps.areCounted = false;
  return most / Math.ceil(pieces / 32);
}

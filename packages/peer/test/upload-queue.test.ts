import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PeerId, type PiecesOf, peerId } from '../src/swarm-events.ts';
import {
  UPLOAD_LIMITS,
  type UploadEffect,
  type UploadEvent,
  type UploadId,
  uploadId,
} from '../src/upload-events.ts';
import { createUploadQueue, type UploadQueueOptions } from '../src/upload-queue.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const PIECES = 12;
const ALL = Array.from({ length: PIECES }, (_, index) => index);
const whole: PiecesOf = { length: PIECES, has: () => true };
const [A, B, C, D] = [peerId('a'), peerId('b'), peerId('c'), peerId('d')];

type Sent = { readonly uploadId: UploadId; readonly index: number };

/** A queue, its clock, and what became of each call. */
class Bench {
  nowMs = 0;
  readonly effects: UploadEffect[] = [];
  readonly queue;
  #lastId = 0;

  constructor(options: Partial<UploadQueueOptions> = {}) {
    this.queue = createUploadQueue({ random: createSeededRandom(1), ...options });
  }

  tell(event: UploadEvent): readonly UploadEffect[] {
    const effects = this.queue.handle(event, this.nowMs);
    this.effects.push(...effects);
    return effects;
  }

  request(receiver: PeerId, want: readonly number[] = ALL, maxPieces = 1, have = whole): UploadId {
    this.#lastId += 1;
    const id = uploadId(this.#lastId);
    this.tell({ kind: 'requested', uploadId: id, receiver, root: 'file', want, maxPieces, have });
    return id;
  }

  /** Pieces begun, in order. */
  get sent(): Sent[] {
    return this.effects.filter((effect) => effect.kind === 'send_piece');
  }

  /** How the call was ended by the queue. */
  fateOf(id: UploadId): string | undefined {
    const ends = this.effects.filter((effect) => effect.kind !== 'wake_at' && effect.kind !== 'send_piece');
    const own = ends.filter((effect) => effect.uploadId === id);
    expect(own.length).toBeLessThanOrEqual(1);
    const [end] = own;
    return end && ('code' in end ? end.code : end.kind);
  }

  finishOldest(open: Sent[]): void {
    const sent = open.shift();
    if (sent) this.tell({ kind: 'piece_sent', uploadId: sent.uploadId });
  }
}

describe('createUploadQueue', () => {
  it('keeps its rules under any load', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('requested' as const),
        receiver: fc.constantFrom(A, B, C, D),
        want: fc.uniqueArray(fc.nat({ max: PIECES + 2 })),
        maxPieces: fc.integer({ min: 1, max: 4 }),
      }),
      fc.record({ kind: fc.constantFrom('piece_sent' as const, 'ended' as const), nth: fc.nat({ max: 50 }) }),
    );
    const limits = fc.record({
      active: fc.integer({ min: 1, max: 3 }),
      receivers: fc.integer({ min: 1, max: 4 }),
      requestsPerReceiver: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(limits, fc.array(step), fc.subarray(ALL), (given, steps, here) => {
        const bench = new Bench({ limits: given });
        const have = { length: PIECES, has: (index: number) => here.includes(index) };
        const calls = new Map<
          UploadId,
          { want: readonly number[]; left: number; sending?: number | undefined }
        >();
        for (const each of steps) {
          const start = bench.effects.length;
          if (each.kind === 'requested') {
            const id = bench.request(each.receiver, each.want, each.maxPieces, have);
            calls.set(id, { want: each.want, left: each.maxPieces });
          } else {
            const [id, call] = [...calls][each.nth % Math.max(1, calls.size)] ?? [];
            if (id === undefined || !call) continue;
            if (each.kind === 'ended') calls.delete(id);
            else if (call.sending === undefined) continue;
            call.sending = undefined;
            bench.tell({ kind: each.kind, uploadId: id });
          }
          for (const effect of bench.effects.slice(start)) {
            if (effect.kind === 'wake_at') continue;
            const call = calls.get(effect.uploadId);
            expect(call?.sending).toBeUndefined();
            if (effect.kind === 'send_piece' && call) {
              expect(call.want.includes(effect.index) && here.includes(effect.index)).toBe(true);
              call.want = call.want.filter((index) => index !== effect.index);
              call.left -= 1;
              call.sending = effect.index;
              expect(call.left).toBeGreaterThanOrEqual(0);
            } else calls.delete(effect.uploadId);
          }
          const sending = [...calls.values()].filter((call) => call.sending !== undefined).length;
          expect(bench.queue.view()).toEqual({ sending, waiting: calls.size - sending });
          expect(sending).toBe(Math.min(given.active, calls.size));
        }
      }),
    );
  });

  it('refuses a request for pieces that are not here, and a number used twice', () => {
    const bench = new Bench();
    const id = bench.request(A, [3, 99], 1, { length: PIECES, has: (index) => index === 5 });
    expect(bench.fateOf(id)).toBe('missing_piece');
    bench.request(A);
    const again = { kind: 'requested', uploadId: uploadId(2), receiver: A, root: 'file', want: [1] } as const;
    expect(() => bench.tell({ ...again, maxPieces: 1, have: whole })).toThrow(TypeError);
    expect(() => uploadId(-1)).toThrow(RangeError);
  });

  it('sends everything once before it sends anything twice, whoever asks for what', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(A, B, C), { minLength: PIECES, maxLength: 40 }),
        fc.integer(),
        (asking, seed) => {
          const bench = new Bench({ random: createSeededRandom(seed), limits: { active: 1 } });
          for (const receiver of asking) {
            bench.request(receiver);
            const last = bench.sent.at(-1);
            if (last) bench.tell({ kind: 'piece_sent', uploadId: last.uploadId });
          }
          const first = bench.sent.slice(0, PIECES).map((sent) => sent.index);
          expect(new Set(first).size).toBe(PIECES);
        },
      ),
    );
  });

  it('prefers, of the pieces sent as often, those with the fewest copies in the swarm', () => {
    const bench = new Bench();
    const request = {
      uploadId: uploadId(1),
      receiver: A,
      root: 'file',
      want: ALL,
      maxPieces: 1,
      have: whole,
    };
    bench.tell({ kind: 'requested', ...request, copiesOf: (index) => (index === 7 ? 1 : 2) });
    expect(bench.sent.map((sent) => sent.index)).toEqual([7]);
  });

  it('serves the receiver that has had least, and nobody more than twice in a row while others wait', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(A, B, C), { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (extra, active) => {
          const bench = new Bench({ limits: { active } });
          const receiverOf = new Map<UploadId, PeerId>();
          const open: Sent[] = [];
          const ask = (receiver: PeerId) => {
            const start = bench.sent.length;
            receiverOf.set(bench.request(receiver), receiver);
            open.push(...bench.sent.slice(start));
          };
          // Each has a request waiting at any time, and some have more.
          for (let round = 0; round <= active; round += 1) for (const receiver of [A, B, C]) ask(receiver);
          for (const receiver of extra.slice(0, 12)) ask(receiver);
          for (let round = 0; round < 40; round += 1) {
            const start = bench.sent.length;
            const served = receiverOf.get(open[0]?.uploadId ?? uploadId(0));
            bench.finishOldest(open);
            open.push(...bench.sent.slice(start));
            if (served) ask(served);
          }
          const order = bench.sent.slice(active).map((sent) => receiverOf.get(sent.uploadId));
          for (let place = 2; place < order.length; place += 1) {
            expect(new Set(order.slice(place - 2, place + 1)).size).toBeGreaterThan(1);
          }
          const counts = [A, B, C].map((receiver) => order.filter((each) => each === receiver).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1 + active);
        },
      ),
    );
  });

  it('gives a second place to whoever has none, although another has had less', () => {
    const bench = new Bench({ limits: { active: 2 } });
    for (const receiver of [A, B, A, B, B]) bench.request(receiver);
    // A reads nothing from now on: what B leaves goes to B again, and never both places to A.
    for (const id of [2, 4, 5]) {
      expect(bench.sent.at(-1)?.uploadId).toBe(uploadId(id));
      bench.tell({ kind: 'piece_sent', uploadId: uploadId(id) });
    }
  });

  it('does not let a receiver that comes back catch up on those that stayed', () => {
    const bench = new Bench({ limits: { active: 1 } });
    for (let round = 0; round < 20; round += 1) {
      const id = bench.request(A);
      bench.tell({ kind: 'piece_sent', uploadId: id });
    }
    const busy = bench.request(A);
    bench.request(B, ALL, 5);
    bench.request(A, ALL, 5);
    const before = bench.sent.length;
    bench.tell({ kind: 'piece_sent', uploadId: busy });
    for (let round = 0; round < 8; round += 1) {
      const last = bench.sent.at(-1);
      if (last) bench.tell({ kind: 'piece_sent', uploadId: last.uploadId });
    }
    const uploads = bench.sent.slice(before).map((sent) => sent.uploadId);
    expect(uploads.slice(2).filter((id) => id === uploads[0]).length).toBeGreaterThan(2);
    expect(new Set(uploads.slice(1, 4)).size).toBe(2);
  });

  it('takes few receivers at a time, and makes room for one that has had less', () => {
    const bench = new Bench({ limits: { active: 1, receivers: 2 } });
    const first = bench.request(A, ALL, 3);
    bench.tell({ kind: 'piece_sent', uploadId: first });
    const second = bench.request(B);
    const third = bench.request(C);
    expect(bench.fateOf(third)).toBe('busy');
    // A has had two pieces by now and is between them when C comes again.
    expect(bench.queue.view()).toEqual({ sending: 1, waiting: 1 });
    bench.tell({ kind: 'piece_sent', uploadId: first });
    const fourth = bench.request(C);
    expect(bench.sent.at(-1)?.uploadId).toBe(second);
    expect(bench.fateOf(first)).toBe('end');
    expect(bench.fateOf(fourth)).toBeUndefined();
    const fifth = bench.request(D);
    expect(bench.fateOf(fifth)).toBe('busy');
    expect(bench.fateOf(fourth)).toBeUndefined();
  });

  it('turns away a waiting request without a piece as busy', () => {
    const bench = new Bench({ limits: { active: 1, receivers: 2 } });
    const first = bench.request(A);
    bench.request(B);
    bench.tell({ kind: 'piece_sent', uploadId: first });
    const waiting = bench.request(A);
    expect(bench.fateOf(waiting)).toBeUndefined();
    bench.request(C);
    expect(bench.fateOf(waiting)).toBe('busy');
  });

  it('bounds the requests of one receiver', () => {
    const bench = new Bench({ limits: { requestsPerReceiver: 2 } });
    const fates = [1, 2, 3].map(() => bench.fateOf(bench.request(A)));
    expect(fates).toEqual([undefined, undefined, 'busy']);
  });

  it('gives the place of a receiver that stopped reading to another, and aborts it in the end', () => {
    const bench = new Bench({ limits: { active: 1 } });
    const stalled = bench.request(A);
    const waiting = bench.request(B);
    bench.nowMs = 1_000;
    bench.tell({ kind: 'block_sent', uploadId: stalled, bytes: 1 });
    const wakes = () =>
      bench.effects.filter((effect) => effect.kind === 'wake_at').map((effect) => effect.atMs);
    bench.nowMs = UPLOAD_LIMITS.stalledMs;
    bench.tell({ kind: 'tick' });
    expect(bench.sent.length).toBe(1);
    expect(wakes().at(-1)).toBe(1_000 + UPLOAD_LIMITS.stalledMs);
    bench.nowMs = 1_000 + UPLOAD_LIMITS.stalledMs;
    bench.tell({ kind: 'tick' });
    expect(bench.sent.map((sent) => sent.uploadId)).toEqual([stalled, waiting]);
    bench.tell({ kind: 'piece_sent', uploadId: waiting });
    bench.nowMs += UPLOAD_LIMITS.stalledMs;
    bench.tell({ kind: 'tick' });
    expect(wakes().at(-1)).toBe(1_000 + UPLOAD_LIMITS.abortMs);
    bench.nowMs = 1_000 + UPLOAD_LIMITS.abortMs;
    bench.tell({ kind: 'tick' });
    expect(bench.fateOf(stalled)).toBe('stalled');
    expect(bench.queue.view()).toEqual({ sending: 0, waiting: 0 });
  });

  it('counts a piece that was cut off as not sent', () => {
    const bench = new Bench({ limits: { active: 1 } });
    const cut = bench.request(A, [4]);
    bench.tell({ kind: 'ended', uploadId: cut });
    bench.tell({ kind: 'ended', uploadId: cut });
    bench.tell({ kind: 'piece_sent', uploadId: cut });
    bench.request(A, [4, 5]);
    bench.tell({ kind: 'piece_sent', uploadId: uploadId(2) });
    bench.request(A, [4, 5]);
    expect(new Set(bench.sent.slice(1).map((sent) => sent.index))).toEqual(new Set([4, 5]));
  });

  it('forgets what it sent of a file that is not shared any more', () => {
    const bench = new Bench();
    bench.tell({ kind: 'piece_sent', uploadId: bench.request(A, [1]) });
    bench.tell({ kind: 'unshared', root: 'file' });
    const random = new Set<number | undefined>();
    for (let round = 0; round < 20; round += 1) {
      bench.tell({ kind: 'piece_sent', uploadId: bench.request(A, [1, 2]) });
      random.add(bench.sent.at(-1)?.index);
      bench.tell({ kind: 'unshared', root: 'file' });
    }
    expect(random).toEqual(new Set([1, 2]));
  });

  it('skips a piece that its store has lost, and ends a call that has nothing left', () => {
    const here = new Set([1, 2]);
    const bench = new Bench();
    const id = bench.request(A, [1, 2], 5, { length: PIECES, has: (index) => here.has(index) });
    here.clear();
    bench.tell({ kind: 'piece_sent', uploadId: id });
    expect(bench.sent.length).toBe(1);
    expect(bench.fateOf(id)).toBe('end');
  });

  it('refuses a call that waited when all that it wants is lost', () => {
    const here = new Set([1]);
    const bench = new Bench({ limits: { active: 1 } });
    const sending = bench.request(A);
    const id = bench.request(B, [1], 1, { length: PIECES, has: (index) => here.has(index) });
    here.clear();
    bench.tell({ kind: 'piece_sent', uploadId: sending });
    expect(bench.fateOf(id)).toBe('missing_piece');
  });

  it('serves others while many receivers do not read, and those no more', () => {
    const bench = new Bench({ limits: { active: 2, receivers: 2 } });
    for (const receiver of [A, B, A, B]) bench.request(receiver);
    bench.nowMs = UPLOAD_LIMITS.stalledMs;
    bench.tell({ kind: 'tick' });
    expect(bench.queue.view().sending).toBe(2);
    for (let round = 0; round < 5; round += 1) {
      const id = bench.request(C);
      expect(bench.sent.at(-1)?.uploadId).toBe(id);
      bench.tell({ kind: 'piece_sent', uploadId: id });
    }
    bench.tell({ kind: 'unshared', root: 'file' });
    bench.tell({ kind: 'ended', uploadId: uploadId(1) });
    expect(bench.sent.at(-1)?.uploadId).toBe(uploadId(3));
  });

  it('remembers a bounded number of receivers', () => {
    const bench = new Bench({ limits: { receiversRemembered: 3 } });
    for (let number = 0; number < 50; number += 1) {
      const id = bench.request(peerId(`r${number}`));
      bench.tell({ kind: 'piece_sent', uploadId: id });
      expect(bench.fateOf(id)).toBe('end');
    }
  });
});

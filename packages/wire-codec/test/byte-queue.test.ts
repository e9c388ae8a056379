import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../src/byte-queue.ts';
import { assertProperty } from './support/assert-property.ts';

type Step = { readonly kind: 'push' | 'take'; readonly length: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('push' as const, 'take' as const),
    length: fc.oneof(
      { weight: 4, arbitrary: fc.nat(60) },
      { weight: 1, arbitrary: fc.integer({ min: 900, max: 3000 }) },
    ),
  }),
  { maxLength: 100, size: 'max' },
);

describe('ByteQueue', () => {
  test('does not keep small chunks, which would cost more memory than the bytes in them', () => {
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(1));
    const small = Uint8Array.of(2, 3);
    queue.push(small);
    small.fill(0);
    expect(queue.take(3)).toStrictEqual(Uint8Array.of(1, 2, 3));
  });

  test('lets go of what was taken', () => {
    const before = bytesInUse();
    const queues = Array.from({ length: 500 }, () => {
      const queue = new ByteQueue();
      for (let index = 0; index < 20; index++) queue.push(new Uint8Array(index < 10 ? 5000 : 500));
      queue.take(20_000);
      queue.take(queue.length);
      return queue;
    });
    expect(bytesInUse() - before).toBeLessThan(1_000_000);
    expect(queues).toHaveLength(500);
  });

  test('gives out what came in, as an array would, and never touches what it gave out', () => {
    assertProperty(
      fc.property(steps, (todo) => {
        const queue = new ByteQueue();
        const model: number[] = [];
        const taken: { readonly bytes: Uint8Array; readonly expected: readonly number[] }[] = [];
        let counter = 0;
        for (const { kind, length } of todo) {
          if (kind === 'push') {
            const chunk = Uint8Array.from({ length }, () => counter++);
            queue.push(chunk);
            model.push(...chunk);
          } else {
            taken.push(...takeSome(queue, model, length));
          }
          expect(queue.length).toBe(model.length);
        }
        for (const { bytes, expected } of taken) expect([...bytes]).toStrictEqual(expected);
      }),
    );
  });
});

/** Bytes that array buffers still in use hold. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  collectGarbage();
  // The first collection may leave buffers to be freed in the background; the second waits for them.
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

function takeSome(
  queue: ByteQueue,
  model: number[],
  wanted: number,
): { readonly bytes: Uint8Array; readonly expected: readonly number[] }[] {
  const length = Math.min(wanted, model.length);
  if (length === 0) return [];
  const first = [{ bytes: Uint8Array.of(queue.takeByte()), expected: model.splice(0, 1) }];
  if (length === 1) return first;
  return [...first, { bytes: queue.take(length - 1), expected: model.splice(0, length - 1) }];
}

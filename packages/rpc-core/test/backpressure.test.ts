import { struct, u32 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { type Connection, createConnection, defineContract, serve, unary } from '../src/index.ts';
import { drainMicrotasks } from '../src/testing.ts';
import { collect, connectPair, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A `blobs` handler that counts what it was asked to produce. */
function countingBlobs() {
  const produced = { items: 0 };
  async function* blobs({ count, size }: { readonly count: number; readonly size: number }) {
    while (produced.items < count) {
      produced.items++;
      yield new Uint8Array(size);
    }
  }
  return { produced, served: serve(contract, handlers({ blobs })) };
}

describe('the output of a connection', () => {
  test('says when the memory of an item may be used again', async () => {
    const buffers = [new Uint8Array(200 * KIB), new Uint8Array(200 * KIB)];
    const free = new Map(buffers.map((buffer) => [buffer, 0]));
    let far: Connection | undefined;
    let reused = 0;
    async function* blobs({ count }: { readonly count: number }) {
      for (let index = 0; index < count; index++) {
        const taken = far?.output.takenBytes ?? 0;
        const [buffer] = [...free].find(([, from]) => from <= taken) ?? [new Uint8Array(200 * KIB)];
        if (free.delete(buffer) && index >= buffers.length) reused++;
        yield buffer.fill(index);
        free.set(buffer, far?.output.madeBytes ?? 0);
      }
    }
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ blobs }))] } });
    far = pair.far;
    const items = await collect(pair.near.client(contract).blobs({ count: 50, size: 0 }));
    expect(items.map((item) => new Set(item))).toEqual(items.map((_, index) => new Set([index])));
    expect(reused).toBeGreaterThan(40);
    await pair.end();
    expect(far.output.takenBytes).toBe(far.output.madeBytes);
  });

  test('gives what arrives in several chunks in memory of the reader', async () => {
    const asked: number[] = [];
    const allocate = (byteLength: number): Uint8Array => {
      asked.push(byteLength);
      return new Uint8Array(256 * KIB).subarray(0, byteLength);
    };
    const pair = await connectPair({ near: { allocate } });
    const items = await collect(pair.near.client(contract).blobs({ count: 3, size: 100 * KIB }));
    expect(items.map((item) => item.buffer.byteLength)).toEqual([256 * KIB, 256 * KIB, 256 * KIB]);
    expect(asked.every((byteLength) => byteLength >= 100 * KIB)).toBe(true);
    await pair.end();
  });
});

describe('a stream whose reader does not read', () => {
  test('stops its handler at the window and one item', async () => {
    const { produced, served } = countingBlobs();
    const pair = await connectPair({ far: { serve: [served] } });
    const blobs = pair.near
      .client(contract)
      .blobs({ count: 1000, size: 10 * KIB }, { windowBytes: 50 * KIB });
    const iterator = blobs[Symbol.asyncIterator]();
    await drainMicrotasks();
    expect(produced.items).toBe(5);
    await iterator.return?.();
    await pair.end();
  });

  test('starts it again as the reader reads, without a pause in between for a steady reader', async () => {
    const { produced, served } = countingBlobs();
    const pair = await connectPair({ far: { serve: [served] } });
    const blobs = pair.near.client(contract).blobs({ count: 100, size: 10 * KIB }, { windowBytes: 50 * KIB });
    let read = 0;
    for await (const _ of blobs) {
      read++;
      await drainMicrotasks();
      expect(produced.items - read).toBeLessThanOrEqual(5);
    }
    expect(read).toBe(100);
    await pair.end();
  });

  test('gets items that are larger than its window, one at a time', async () => {
    const { produced, served } = countingBlobs();
    const pair = await connectPair({ far: { serve: [served] } });
    const blobs = pair.near.client(contract).blobs({ count: 5, size: 200 * KIB }, { windowBytes: 1 });
    const iterator = blobs[Symbol.asyncIterator]();
    for (let read = 1; read <= 5; read++) {
      await drainMicrotasks();
      expect(produced.items).toBe(read);
      expect((await iterator.next()).value).toHaveLength(200 * KIB);
    }
    expect((await iterator.next()).done).toBe(true);
    await pair.end();
  });

  test('does not hold up other streams and calls of the connection', async () => {
    const pair = await connectPair();
    const client = pair.near.client(contract);
    const idle = client.blobs({ count: 1000, size: 10 * KIB })[Symbol.asyncIterator]();
    await drainMicrotasks();
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    expect(await collect(client.count({ to: 3 }))).toEqual([1, 2, 3]);
    await idle.return?.();
    await pair.end();
  });
});

describe('a channel that does not drain', () => {
  test('stops handlers whatever their credit, far below the bound on queued output', async () => {
    const { produced, served } = countingBlobs();
    const puppet = await createPuppet({ serve: [served] });
    await puppet.greet();
    puppet.channel.pause();
    await puppet.send('blobs', requestBlobs({ id: 1, count: 200, size: 100 * KIB }));
    expect(produced.items * 100 * KIB).toBeLessThan(4 * MIB);
    const before = produced.items;
    await drainMicrotasks();
    expect(produced.items).toBe(before);
    puppet.channel.resume();
    await drainMicrotasks();
    expect(produced.items).toBeGreaterThan(before);
    await puppet.end();
  });

  test('keeps as many streams as there may be within the bound on queued output', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    puppet.channel.pause();
    for (let id = 1; id <= 64; id++)
      await puppet.send('blobs', requestBlobs({ id, count: 3, size: 256 * KIB }));
    expect(puppet.goodbyeCode).toBeUndefined();
    puppet.channel.resume();
    await drainMicrotasks();
    const items = puppet.frames.filter(({ payload, type }) => type === 'blobs' && payload[0] === 4);
    expect(items.map(({ payload }) => payload[1]).sort()).toEqual(
      Array.from({ length: 64 }, (_, index) => [index + 1, index + 1, index + 1])
        .flat()
        .sort(),
    );
    expect(puppet.connection.servedCalls).toBe(0);
    await puppet.end();
  });

  test('holds requests and responses back, and serves them in order once it drains', async () => {
    const greeted: string[] = [];
    const greet = async ({ name }: { readonly name: string }) => {
      greeted.push(name);
      return { greeting: name };
    };
    const { blobs } = handlers();
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ greet, blobs }))] });
    await puppet.greet();
    puppet.channel.pause();
    await puppet.send('blobs', requestBlobs({ id: 1, count: 10, size: 256 * KIB }));
    await puppet.send('greet', '0102000161');
    await puppet.send('greet', '0103000162');
    await puppet.send('greet', '0104000163');
    expect(greeted).toEqual([]);
    await puppet.send('greet', '0603');
    puppet.channel.resume();
    await drainMicrotasks();
    expect(greeted).toEqual(['a', 'c']);
    expect(answersTo(puppet.frames, 'greet')).toEqual(['0303', '0202', '0204']);
    await puppet.end();
  });

  test('makes calls of this side wait', async () => {
    const big = defineContract({ put: unary(struct({ bytes: u32 }), u32) });
    const puppet = await createPuppet();
    await puppet.greet();
    puppet.channel.pause();
    await puppet.send('blobs', requestBlobs({ id: 1, count: 10, size: 256 * KIB }));
    const sent = puppet.frames.length;
    const call = puppet.connection.client(big).put({ bytes: 7 });
    await drainMicrotasks();
    puppet.channel.resume();
    await drainMicrotasks();
    expect(puppet.frames.slice(sent).filter(({ type }) => type === 'put')).toHaveLength(1);
    await puppet.send('put', '020100000009');
    expect(await call).toBe(9);
    await puppet.end();
  });
});

describe('many streams that nobody reads', () => {
  test('pause the channel at the bound, and go on with nothing lost', async () => {
    const limits = { queuedInputBytes: 300 * KIB };
    const pair = await connectPair({ near: { limits } });
    const client = pair.near.client(contract);
    const streams = Array.from({ length: 8 }, () =>
      client.blobs({ count: 20, size: 10 * KIB }, { windowBytes: 100 * KIB })[Symbol.asyncIterator](),
    );
    await drainMicrotasks();
    // Nothing else of this connection arrives while it is paused.
    let isGreeted = false;
    const greeting = client.greet({ name: 'Ada' }).then(() => {
      isGreeted = true;
    });
    await drainMicrotasks();
    expect(isGreeted).toBe(false);
    const all = await Promise.all(streams.map((items) => collect({ [Symbol.asyncIterator]: () => items })));
    expect(all.map((items) => items.length)).toEqual(Array(8).fill(20));
    await greeting;
    await pair.end();
  });

  test('do not make the other side look dead while they are not read', async () => {
    const limits = { queuedInputBytes: 10 * KIB };
    const pair = await connectPair({
      near: { limits },
      far: { limits: { pingAfterMs: 1e9, closeAfterMs: 1e9 } },
    });
    const items = pair.near
      .client(contract)
      .blobs({ count: 3, size: 20 * KIB })
      [Symbol.asyncIterator]();
    await drainMicrotasks();
    await pair.clock.advanceAsync(1_000_000);
    expect(pair.near.signal.aborted).toBe(false);
    expect(await collect({ [Symbol.asyncIterator]: () => items })).toHaveLength(3);
    await pair.end();
  });
});

describe('createConnection', () => {
  test('gathers what is made in one go into one write, and writes large frames at once', async () => {
    const pair = await connectPair();
    await pair.near.opened;
    const writes: number[] = [];
    const deferred: (() => void)[] = [];
    const connection = createConnection({
      clock: pair.clock,
      channel: recordingChannel(writes),
      defer: (task) => deferred.push(task),
    });
    expect(writes).toEqual([]);
    for (const task of deferred.splice(0)) task();
    expect(writes).toEqual([1]);
    connection.abort();
    expect(writes).toHaveLength(2);
    await pair.end();
  });
});

/** A request for blobs with credit without end. */
function requestBlobs({
  id,
  count,
  size,
}: {
  readonly id: number;
  readonly count: number;
  readonly size: number;
}): string {
  const hex = (number: number): string => number.toString(16).padStart(8, '0');
  return `01${id.toString(16).padStart(2, '0')}8080808080808001${hex(count)}${hex(size)}`;
}

/** Kind and id of the frames of one type, oldest first. */
function answersTo(
  frames: readonly { readonly type: string; readonly payload: Uint8Array }[],
  type: string,
): string[] {
  return frames
    .filter((frame) => frame.type === type)
    .map(({ payload }) => Buffer.from(payload.subarray(0, 2)).toString('hex'));
}

function recordingChannel(writes: number[]) {
  return {
    info: { remote: { host: 'nowhere', port: 1 } },
    queuedBytes: 0,
    start() {},
    write(parts: readonly Uint8Array[]) {
      writes.push(parts.length);
      return true;
    },
    pause() {},
    resume() {},
    end() {},
    destroy() {},
  };
}

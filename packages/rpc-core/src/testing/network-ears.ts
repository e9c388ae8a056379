/** What the cases of the network contract listen and compare with. */
import type { Address, Channel, Network } from '../channel.ts';

/** A network to be tested. */
export interface NetworkSubject {
  readonly network: Network;
  /** Where a case may listen; port 0. */
  readonly address: Address;
  /** The device id that both sides of `network` prove; undefined where it proves none. */
  readonly identity?: Uint8Array;
  /** Waits for `promise` and makes the network go on meanwhile. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** A channel and what was heard on it. */
export interface Ear {
  readonly channel: Channel;
  /** Bytes heard so far. */
  readonly bytes: number;
  /** How often `close` was reported. */
  readonly closings: number;
  readonly ended: Promise<void>;
  /** The error of `close`. */
  readonly closed: Promise<Error | undefined>;
  /** Resolves with everything heard once it is `length` bytes or more. */
  received(length: number): Promise<readonly Uint8Array[]>;
  /** Resolves at the next `drain`. */
  drained(): Promise<void>;
  /** Pauses the channel from inside the event in which so many bytes have been heard. */
  pauseAfter(length: number): void;
}

/** Starts `channel` and hears what it reports. */
export function listenTo(channel: Channel): Ear {
  const chunks: Uint8Array[] = [];
  const ended = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<Error | undefined>();
  let waiting: { readonly length: number; readonly resolve: () => void }[] = [];
  let onDrain = (): void => {};
  let bytes = 0;
  let closings = 0;
  let pauseAt = Number.POSITIVE_INFINITY;

  function wake(): void {
    for (const { length, resolve } of waiting) if (bytes >= length) resolve();
    waiting = waiting.filter(({ length }) => bytes < length);
  }

  channel.start({
    bytes(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= pauseAt) channel.pause();
      pauseAt = bytes >= pauseAt ? Number.POSITIVE_INFINITY : pauseAt;
      wake();
    },
    drain: () => onDrain(),
    end: () => ended.resolve(),
    close(error) {
      closings++;
      closed.resolve(error);
    },
  });
  return {
    channel,
    get bytes() {
      return bytes;
    },
    get closings() {
      return closings;
    },
    ended: ended.promise,
    closed: closed.promise,
    async received(length) {
      if (bytes < length) await new Promise<void>((resolve) => waiting.push({ length, resolve }));
      return chunks;
    },
    drained: () =>
      new Promise((resolve) => {
        onDrain = resolve;
      }),
    pauseAfter(length) {
      pauseAt = length;
    },
  };
}

/** Ends both directions and waits until both sides are closed in good order. */
export async function closeBoth(subject: NetworkSubject, near: Ear, far: Ear): Promise<void> {
  near.channel.end();
  far.channel.end();
  check(
    await subject.until(Promise.all([near.closed, far.closed])),
    [undefined, undefined],
    'closing errors',
  );
}

/** Bytes that are not all alike, the same for the same `salt`. */
export function patterned(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) + salt) & 0xff);
}

/** Throws unless the two are equal: the same value, or bytes or lists of the same values. */
export function check(actual: unknown, expected: unknown, what: string): void {
  if (!isEqual(actual, expected))
    throw new Error(`Network contract: ${what}: ${show(actual)}, expected ${show(expected)}`);
}

function isEqual(a: unknown, b: unknown): boolean {
  if (isList(a) && isList(b))
    return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
  return Object.is(a, b);
}

function isList(
  value: unknown,
): value is ArrayLike<unknown> & { every(test: (value: unknown, index: number) => boolean): boolean } {
  return Array.isArray(value) || value instanceof Uint8Array;
}

function show(value: unknown): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}

/**
 * What every `Network` must do, as cases for any test runner: give each case a fresh subject and wait for it.
 *
 * The cases wait for events, never for time; `subject.until` lets a network on a virtual clock go on meanwhile.
 */
import type { Address, Channel } from '../channel.ts';
import { RpcError } from '../errors.ts';
import { joinParts } from '../join-parts.ts';
import type { Ear, NetworkSubject } from './network-ears.ts';
import { check, closeBoth, listenTo, patterned } from './network-ears.ts';

/** One requirement. */
export interface NetworkCase {
  readonly title: string;
  run(subject: NetworkSubject): Promise<void>;
}

/** The requirements, each independent of the others. */
export const networkContract: readonly NetworkCase[] = [
  {
    title: 'carries bytes in order, both ways',
    async run(subject) {
      const { near, far } = await openPair(subject);
      const up = patterned(300_000, 1);
      const down = patterned(200_000, 2);
      near.channel.write([up.subarray(0, 10), up.subarray(10, 10), up.subarray(10)]);
      far.channel.write([down]);
      check(joinParts(await subject.until(far.received(up.length))), up, 'bytes to the listener');
      check(joinParts(await subject.until(near.received(down.length))), down, 'bytes to the connector');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'tells each side where the other is, and a listener its real port',
    async run(subject) {
      const { near, far, bound } = await openPair(subject);
      check(near.channel.info.remote.port, bound.port, 'port of the listener');
      check(bound.port > 0 && far.channel.info.remote.port > 0, true, 'ports are real');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'lets each direction end by itself, and closes without an error when both have',
    async run(subject) {
      const { near, far } = await openPair(subject);
      near.channel.write([patterned(10, 3)]);
      near.channel.end();
      await subject.until(far.ended);
      check(far.bytes, 10, 'bytes before the end');
      far.channel.write([patterned(100_000, 4)]);
      await subject.until(near.received(100_000));
      far.channel.end();
      check(await subject.until(near.closed), undefined, 'error at the connector');
      check(await subject.until(far.closed), undefined, 'error at the listener');
      check([near.closings, far.closings], [1, 1], 'close reports');
    },
  },
  {
    title: 'reports close once with an error to the side that destroys, and the other hears of it',
    async run(subject) {
      const { near, far } = await openPair(subject);
      near.channel.destroy(new Error('enough'));
      near.channel.destroy();
      check((await subject.until(near.closed)) instanceof Error, true, 'error here');
      await subject.until(Promise.race([far.ended, far.closed]));
      far.channel.destroy();
      check((await subject.until(far.closed)) instanceof Error, true, 'error there');
      check([near.closings, far.closings], [1, 1], 'close reports');
      check(near.channel.write([patterned(1, 1)]), false, 'write after close');
    },
  },
  {
    title: 'keeps what arrives before start, and reports nothing until then',
    async run(subject) {
      const { near, accepted } = await openHalf(subject);
      near.channel.write([patterned(70_000, 5)]);
      near.channel.end();
      const far = listenTo(await subject.until(accepted));
      check(far.bytes, 0, 'bytes inside start');
      check(
        joinParts(await subject.until(far.received(70_000))),
        patterned(70_000, 5),
        'bytes sent before start',
      );
      await subject.until(far.ended);
      far.channel.end();
      await subject.until(Promise.all([near.closed, far.closed]));
    },
  },
  {
    title: 'keeps what arrives before start at the side that connects, and the end behind it',
    async run(subject) {
      const accepted = Promise.withResolvers<Ear>();
      const listener = await subject.until(
        subject.network.listen(subject.address, (channel) => {
          const far = listenTo(channel);
          far.channel.write([patterned(70_000, 5)]);
          far.channel.end();
          accepted.resolve(far);
        }),
      );
      const channel = await subject.until(subject.network.connect(listener.address));
      const far = await subject.until(accepted.promise);
      // They have their time to arrive.
      const other = await openPair(subject);
      await closeBoth(subject, other.near, other.far);
      const near = listenTo(channel);
      check(near.bytes, 0, 'bytes inside start');
      await subject.until(near.ended);
      check(joinParts(await subject.until(near.received(0))), patterned(70_000, 5), 'bytes before the end');
      near.channel.end();
      check(
        await subject.until(Promise.all([near.closed, far.closed])),
        [undefined, undefined],
        'closing errors',
      );
    },
  },
  {
    title: 'keeps an end that arrives before start, with nothing before it',
    async run(subject) {
      const { near, accepted } = await openHalf(subject);
      near.channel.end();
      const channel = await subject.until(accepted);
      // The end has its time to arrive: another connection is made and closed meanwhile.
      const other = await openPair(subject);
      await closeBoth(subject, other.near, other.far);
      const far = listenTo(channel);
      await subject.until(far.ended);
      far.channel.end();
      check(await subject.until(near.closed), undefined, 'error at the connector');
      check(await subject.until(far.closed), undefined, 'error at the listener');
    },
  },
  {
    title: 'refuses to be started twice',
    async run(subject) {
      const { near, far } = await openPair(subject);
      let thrown: unknown;
      try {
        listenTo(near.channel);
      } catch (error) {
        thrown = error;
      }
      check(thrown instanceof TypeError, true, 'TypeError');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'slows the writer of a reader that pauses, and drains when it reads on',
    async run(subject) {
      const { near, far } = await openPair(subject);
      far.channel.pause();
      const chunk = patterned(256 * 1024, 6);
      let written = 0;
      do {
        written += chunk.length;
        check(written < 1024 * 1024 * 1024, true, 'write answers false some time');
      } while (near.channel.write([chunk]));
      check(near.channel.queuedBytes > 0, true, 'bytes are queued');
      const drained = near.drained();
      far.channel.resume();
      await subject.until(drained);
      await subject.until(far.received(written));
      check(near.channel.queuedBytes, 0, 'bytes queued in the end');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'lets the writer use its memory again once nothing is queued',
    async run(subject) {
      const { near, far } = await openPair(subject);
      const buffer = new Uint8Array(1024 * 1024);
      for (const [before, seed] of [21, 22].entries()) {
        buffer.set(patterned(buffer.length, seed));
        const drained = near.drained();
        if (!near.channel.write([buffer])) await subject.until(drained);
        if (near.channel.queuedBytes > 0) await subject.until(far.received((before + 1) * buffer.length));
        check(near.channel.queuedBytes, 0, 'bytes queued');
        buffer.fill(0);
      }
      const heard = joinParts(await subject.until(far.received(2 * buffer.length)));
      check(heard.subarray(0, buffer.length), patterned(buffer.length, 21), 'what was written first');
      check(heard.subarray(buffer.length), patterned(buffer.length, 22), 'what was written then');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'reports nothing while paused and loses nothing',
    async run(subject) {
      const { near, far } = await openPair(subject);
      far.pauseAfter(1);
      near.channel.write([patterned(500_000, 7)]);
      await subject.until(far.received(1));
      const before = far.bytes;
      near.channel.write([patterned(10, 7)]);
      await subject.until(roundTrip(far, near));
      check(far.bytes, before, 'bytes while paused');
      far.channel.resume();
      await subject.until(far.received(500_010));
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'reports nothing while paused at the side that connects, loses nothing, and the end comes last',
    async run(subject) {
      const { near, far } = await openPair(subject);
      near.pauseAfter(1);
      far.channel.write([patterned(500_000, 8)]);
      await subject.until(near.received(1));
      const before = near.bytes;
      far.channel.end();
      await subject.until(roundTrip(near, far));
      check(near.bytes, before, 'bytes while paused');
      near.channel.resume();
      near.channel.pause();
      await subject.until(roundTrip(near, far));
      check(near.bytes, before, 'bytes while paused again at once');
      near.channel.resume();
      await subject.until(near.ended);
      check(joinParts(await subject.until(near.received(0))), patterned(500_000, 8), 'bytes before the end');
      near.channel.end();
      await subject.until(Promise.all([near.closed, far.closed]));
    },
  },
  {
    title: 'rejects a connection to where nobody listens with connect_failed',
    async run(subject) {
      const { network, address } = subject;
      const listener = await subject.until(network.listen(address, (channel) => channel.destroy()));
      await subject.until(listener.close());
      await subject.until(listener.close());
      check(await subject.until(codeOf(network.connect(listener.address))), 'connect_failed', 'code');
    },
  },
  {
    title: 'tells each side who the other is, where it can prove that',
    async run(subject) {
      const { near, far } = await openPair(subject);
      check(near.channel.info.remoteIdentity, subject.identity, 'identity of the listener');
      check(far.channel.info.remoteIdentity, subject.identity, 'identity of the connector');
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'says whether it proves who is at the other end',
    async run({ network, identity }) {
      check(network.proves, identity !== undefined, 'proves');
    },
  },
  {
    title:
      'connects where the expected device answers, and rejects with wrong_identity where none proves to be it',
    async run(subject) {
      const { network, address, identity } = subject;
      const listener = await subject.until(network.listen(address, listenTo));
      const connecting = network.connect(listener.address, { expect: patterned(32, 10) });
      check(await subject.until(codeOf(connecting)), 'wrong_identity', 'code');
      if (identity !== undefined) {
        const channel = await subject.until(network.connect(listener.address, { expect: identity }));
        check(channel.info.remoteIdentity, identity, 'identity');
        channel.destroy();
      }
      await subject.until(listener.close());
    },
  },
  {
    title: 'leaves channels alone when their listener closes',
    async run(subject) {
      const { near, far, close } = await openPair(subject);
      await subject.until(close());
      near.channel.write([patterned(10, 8)]);
      await subject.until(far.received(10));
      await closeBoth(subject, near, far);
    },
  },
  {
    title: 'rejects a second listener on one address with listen_failed',
    async run(subject) {
      const { network, address } = subject;
      const listener = await subject.until(network.listen(address, (channel) => channel.destroy()));
      check(await subject.until(codeOf(network.listen(listener.address, () => {}))), 'listen_failed', 'code');
      await subject.until(listener.close());
    },
  },
  {
    title: 'gives up connecting when the signal aborts, before or meanwhile',
    async run(subject) {
      const { network, address } = subject;
      const listener = await subject.until(network.listen(address, (channel) => channel.destroy()));
      const reason = new Error('no longer wanted');
      check(
        await failureOf(network.connect(listener.address, { signal: AbortSignal.abort(reason) })),
        reason,
        'before',
      );
      const controller = new AbortController();
      const connecting = failureOf(network.connect(listener.address, { signal: controller.signal }));
      controller.abort(reason);
      const failure = await subject.until(connecting);
      // A network that connects at once may have been faster than the signal.
      check(failure === reason || failure === undefined, true, 'meanwhile');
      await subject.until(listener.close());
    },
  },
];

interface Pair {
  readonly near: Ear;
  readonly far: Ear;
  readonly bound: Address;
  close(): Promise<void>;
}

async function openHalf(subject: NetworkSubject) {
  const accepted = Promise.withResolvers<Channel>();
  const listener = await subject.until(subject.network.listen(subject.address, accepted.resolve));
  const near = listenTo(await subject.until(subject.network.connect(listener.address)));
  return { near, accepted: accepted.promise, listener };
}

async function openPair(subject: NetworkSubject): Promise<Pair> {
  const { near, accepted, listener } = await openHalf(subject);
  const far = listenTo(await subject.until(accepted));
  return { near, far, bound: listener.address, close: () => listener.close() };
}

/** Resolves when a byte has gone from `from` to `to`: by then what was sent the other way has had its time. */
async function roundTrip(from: Ear, to: Ear): Promise<void> {
  const received = to.received(to.bytes + 1);
  from.channel.write([patterned(1, 9)]);
  await received;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const failure = await failureOf(promise);
  return failure instanceof RpcError ? failure.code : undefined;
}

/**
 * Finds what a test leaves behind: channels, listeners, connections, calls, scheduled tasks.
 *
 * Whatever the test uses goes through the check, which counts; nothing else changes.
 */
import type { Channel, Listener, Network } from '../channel.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';

/** Counts what is open. */
export interface LeakCheck {
  network(network: Network): Network;
  clock(clock: Clock): Clock;
  connection<C extends Connection>(connection: C): C;
  /** What is open now, in words; empty when nothing is. */
  leftovers(): readonly string[];
  /** Throws an Error that lists what is open. */
  assertNothingLeft(): void;
}

export function createLeakCheck(): LeakCheck {
  const open = new Map<string, number>();
  const connections = new Set<Connection>();

  /** Notes one more; the answer takes it back, once. */
  function hold(what: string): () => void {
    open.set(what, (open.get(what) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (isHeld) open.set(what, (open.get(what) ?? 0) - 1);
      isHeld = false;
    };
  }

  function leftovers(): readonly string[] {
    const found = [...open].filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
    for (const { pendingCalls, servedCalls, signal } of connections) {
      if (pendingCalls > 0) found.push(`${pendingCalls} calls without an answer`);
      if (servedCalls > 0) found.push(`${servedCalls} handlers that run`);
      if (!signal.aborted) found.push('a connection that is open');
    }
    return found;
  }

  return {
    network: (network) => watchedNetwork(network, hold),
    clock: (clock) => ({
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      schedule: (delayMs, task) => watchedTask(clock, delayMs, task, hold('scheduled tasks')),
    }),
    connection(connection) {
      connections.add(connection);
      return connection;
    },
    leftovers,
    assertNothingLeft() {
      const found = leftovers();
      if (found.length > 0) throw new Error(`Left behind: ${found.join(', ')}`);
    },
  };
}

type Hold = (what: string) => () => void;

function watchedTask(clock: Clock, delayMs: number, task: () => void, release: () => void): () => void {
  const cancel = clock.schedule(delayMs, () => {
    release();
    task();
  });
  return () => {
    release();
    cancel();
  };
}

function watchedNetwork(network: Network, hold: Hold): Network {
  return {
    proves: network.proves,
    async connect(address, options) {
      return watchedChannel(await network.connect(address, options), hold('open channels'));
    },
    async listen(address, accept) {
      const listener = await network.listen(address, (channel) =>
        accept(watchedChannel(channel, hold('open channels'))),
      );
      return watchedListener(listener, hold('open listeners'));
    },
  };
}

function watchedListener(listener: Listener, release: () => void): Listener {
  return {
    address: listener.address,
    async close() {
      await listener.close();
      release();
    },
  };
}

function watchedChannel(channel: Channel, release: () => void): Channel {
  let isStarted = false;
  return {
    info: channel.info,
    get queuedBytes() {
      return channel.queuedBytes;
    },
    start(events) {
      isStarted = true;
      channel.start({
        bytes: (chunk) => events.bytes(chunk),
        ...(events.lentBytes && { lentBytes: (chunk) => events.lentBytes?.(chunk) }),
        drain: () => events.drain(),
        end: () => events.end(),
        close(error) {
          release();
          events.close(error);
        },
      });
    },
    write: (parts) => channel.write(parts),
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    end: () => channel.end(),
    destroy(error) {
      // Nobody will be told of the end of a channel that was never started.
      if (!isStarted) release();
      channel.destroy(error);
    },
  };
}

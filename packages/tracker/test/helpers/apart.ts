/** A network whose connections fall silent for good, as if every cable were cut at once. */
import type { Channel, Network } from '@minitorrent/rpc-core';

/** The `network` of one caller, until `isApart`: then nothing passes on what it connected, and nothing new is connected. */
export function untilApart(network: Network, isApart: () => boolean): Network {
  return {
    proves: network.proves,
    listen: (address, accept) => network.listen(address, accept),
    connect: async (address, options) => {
      if (isApart()) await aborted(options?.signal);
      return silencedChannel(await network.connect(address, options), isApart);
    },
  };
}

function silencedChannel(channel: Channel, isApart: () => boolean): Channel {
  return {
    info: channel.info,
    get queuedBytes() {
      return channel.queuedBytes;
    },
    start: (events) =>
      channel.start({
        bytes: (chunk) => {
          if (!isApart()) events.bytes(chunk);
        },
        drain: () => events.drain(),
        end: () => {
          if (!isApart()) events.end();
        },
        close: (error) => events.close(error),
      }),
    write: (parts) => isApart() || channel.write(parts),
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    end: () => channel.end(),
    destroy: (error) => channel.destroy(error),
  };
}

/** Rejects with the reason of `signal` when that aborts. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

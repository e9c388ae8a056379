/** A network whose listeners can fall mute on the connections that there are, as a process does that was stopped. */
import type { Channel, Network } from '@minitorrent/rpc-core';

export interface MutableNetwork extends Network {
  /** From now on nothing comes from the listening side of the connections that there are; later ones work. */
  mute(): void;
  /** Connections that were accepted. */
  readonly accepted: number;
}

export function createMutableNetwork(network: Network): MutableNetwork {
  let muted = 0;
  let accepted = 0;
  return {
    proves: network.proves,
    connect: (address, options) => network.connect(address, options),
    listen: (address, accept) =>
      network.listen(address, (channel) => {
        accepted += 1;
        const number = accepted;
        accept(mutable(channel, () => number <= muted));
      }),
    mute: () => {
      muted = accepted;
    },
    get accepted() {
      return accepted;
    },
  };
}

function mutable(channel: Channel, isMute: () => boolean): Channel {
  return {
    info: channel.info,
    start: (events) => channel.start(events),
    write: (parts) => isMute() || channel.write(parts),
    get queuedBytes() {
      return channel.queuedBytes;
    },
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    end: () => {
      if (!isMute()) channel.end();
    },
    destroy: (error) => channel.destroy(error),
  };
}

/** Turns what arrives on a channel aside for a while, from the connection that it belongs to. */
import type { Channel } from '../../../packages/rpc-core/src/index.ts';

export interface Tap {
  /** For the connection. */
  readonly channel: Channel;
  /** All that arrives goes to `take` from now on. */
  divert(take: (chunk: Uint8Array) => void): void;
  /** All that arrives goes to the connection again. */
  restore(): void;
  /** Gives bytes to the connection. */
  pass(chunk: Uint8Array): void;
}

export function tapChannel(channel: Channel): Tap {
  let own: (chunk: Uint8Array) => void = () => {};
  let take = own;
  const tapped: Channel = {
    info: channel.info,
    start: ({ bytes, drain, end, close }) => {
      own = bytes;
      take = bytes;
      channel.start({ bytes: (chunk) => take(chunk), drain, end, close });
    },
    write: (parts) => channel.write(parts),
    get queuedBytes() {
      return channel.queuedBytes;
    },
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    end: () => channel.end(),
    destroy: (error) => channel.destroy(error),
  };
  return {
    channel: tapped,
    divert: (taker) => {
      take = taker;
    },
    restore: () => {
      take = own;
    },
    pass: (chunk) => own(chunk),
  };
}

/**
 * The byte channel under a connection, and the network that makes channels.
 *
 * Everything above speaks to these interfaces alone, so that TCP, TLS, an in-process pipe and the seeded network of the
 * simulator are interchangeable. A channel knows nothing of frames. It is driven by callbacks, not by promises: the
 * order of events is then the order in which they happened, on a virtual clock too.
 */

/** Where a listener can be reached: a host name or literal address, and a TCP port (0 asks for any free one). */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where somebody can be reached, and who that is. */
export interface PinnedAddress extends Address {
  /** The device id of who must answer there. A network that proves who answers is given no address without one. */
  readonly pin?: Uint8Array;
}

/** What is known of the other end before a byte is exchanged. */
export interface ChannelInfo {
  readonly remote: Address;
  /** The other side's device id as proved by the transport; undefined where the transport proves nothing. */
  readonly remoteIdentity?: Uint8Array;
}

/** What a channel reports; set once by `Channel.start`, before which nothing is read. */
export interface ChannelEvents {
  /** Bytes arrived. The view belongs to the receiver, who may keep it. */
  bytes(chunk: Uint8Array): void;
  /** Where it is there, a channel may report bytes by it whose memory it uses again as soon as this returns. */
  lentBytes?(chunk: Uint8Array): void;
  /** After a `write` that answered false: the buffered output went down, writing may go on. */
  drain(): void;
  /** The other side will send nothing more. */
  end(): void;
  /** Reported exactly once, last of all. Without an error both directions ended in good order. */
  close(error?: Error): void;
}

/** A reliable, ordered, two-way stream of bytes. */
export interface Channel {
  readonly info: ChannelInfo;
  /** Starts the flow of events. Called once. */
  start(events: ChannelEvents): void;
  /**
   * Queues `parts` as one vectored write; the caller must not change them before `queuedBytes` says that they are gone.
   * Answers false when the caller should wait for `drain` before it writes more.
   */
  write(parts: readonly Uint8Array[]): boolean;
  /** Bytes accepted by `write` and not yet handed to the network. */
  readonly queuedBytes: number;
  /** Stops and restarts the flow of `bytes` events, so that a slow reader slows the sender. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then tells the other side that no more will come. */
  end(): void;
  /** Drops everything at once. `close` follows, and on the other side `end` or `close`. */
  destroy(error?: Error): void;
}

/** An open listener. */
export interface Listener {
  /** The address that is really bound, with its port. */
  readonly address: Address;
  /** Stops accepting; channels that exist already live on. Idempotent. */
  close(): Promise<void>;
}

/** How to connect. */
export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /**
   * The device id that must answer, whoever else may listen at the address by now. Where another one does, and on a
   * network that cannot prove it, connecting fails with `wrong_identity` before a byte of a channel is read or written.
   */
  readonly expect?: Uint8Array;
}

/** Makes channels: the only way from this project to a real or simulated network. */
export interface Network {
  /**
   * Whether channels prove the device ids of both sides. Where none does, nobody can be expected and device ids are taken
   * on trust, which is for tests and for networks that are safe by other means.
   */
  readonly proves: boolean;
  connect(address: Address, options?: ConnectOptions): Promise<Channel>;
  listen(address: Address, accept: (channel: Channel) => void): Promise<Listener>;
}

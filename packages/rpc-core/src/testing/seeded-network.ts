/**
 * A network on a virtual clock: every run with the same seed is the same run, event by event, and nothing takes real time.
 *
 * Hosts have uplinks and downlinks, ways between them have delay and jitter, connections that are opened together are
 * accepted in any order, chunks are cut wherever the seed says, and ways can be cut or go silent.
 */
import type { Address, Channel, ConnectOptions, Network } from '../channel.ts';
import type { Clock } from '../clock.ts';
import { channelInfo, expectedOrDestroyed } from '../expected-identity.ts';
import { joinParts } from '../join-parts.ts';
import { connectFailed, createListenerTable } from '../listener-table.ts';
import type { PipeEndInfo, PipeOptions } from '../pipe.ts';
import { createPipe } from '../pipe.ts';
import type { Random } from '../random.ts';
import { soon } from '../soon.ts';
import type { Link, LinkConditions, Pipeline } from './seeded-link.ts';
import { createLink, createPipeline, createSeededWire, travelMs } from './seeded-link.ts';

/** What a seeded network is made of. */
export interface SeededNetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of every way that `setConditions` does not name; 1 ms and no jitter unless told otherwise. */
  readonly conditions?: Partial<LinkConditions>;
  /** Chunks are cut at random into parts of 1 to so many bytes; without it at 64 KiB, as a socket reads. */
  readonly shredBytes?: number;
  /** Told of everything that happens on the network. */
  readonly onTrace?: (event: NetworkEvent) => void;
}

/** One thing that happened on the network. */
export interface NetworkEvent {
  readonly at: number;
  readonly kind: 'connect' | 'accept' | 'refuse' | 'bytes' | 'cut' | 'silence' | 'heal';
  readonly from: string;
  readonly to: string;
  readonly byteLength: number;
}

/** How a host is connected; without limits unless told otherwise. */
export interface HostConditions {
  readonly uplinkBytesPerSecond?: number;
  readonly downlinkBytesPerSecond?: number;
}

/** Hosts and the ways between them. */
export interface SeededNetwork {
  /**
   * The network as `name` sees it. The conditions hold from the first time that the host is named with them; the device
   * id is that of whoever uses this view of it, and others take it for proved.
   */
  host(name: string, conditions?: HostConditions & { readonly identity?: Uint8Array }): Network;
  setConditions(a: string, b: string, conditions: Partial<LinkConditions>): void;
  /** Breaks every connection between two hosts, noticed by both; none can be made until `heal`. */
  cut(a: string, b: string): void;
  /** Nothing arrives any more and nobody is told (half-open connections). What was sent arrives after `heal`. */
  silence(a: string, b: string): void;
  heal(a: string, b: string): void;
  /** Channel ends that are not closed. */
  readonly openChannels: number;
}

interface Host {
  readonly name: string;
  readonly uplink: Pipeline;
  readonly downlink: Pipeline;
}

/** One that uses a host. */
interface Device extends Host {
  readonly identity: Uint8Array | undefined;
}

const SOCKET_READ_BYTES = 64 * 1024;
/** Large enough that delay alone never limits a stream below 1 Gbit/s at 30 ms. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const HIGH_WATER_BYTES = 256 * 1024;

export function createSeededNetwork(options: SeededNetworkOptions): SeededNetwork {
  return new Hosts(options);
}

class Hosts implements SeededNetwork {
  openChannels = 0;
  readonly #options: SeededNetworkOptions;
  readonly #pipeOptions: PipeOptions;
  readonly #defaults: LinkConditions;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Map<string, Link>();
  readonly #listeners = createListenerTable();

  constructor(options: SeededNetworkOptions) {
    this.#options = options;
    this.#defaults = { delayMs: 1, jitterMs: 0, ...options.conditions };
    this.#pipeOptions = {
      defer: soon,
      windowBytes: WINDOW_BYTES,
      highWaterBytes: HIGH_WATER_BYTES,
      split: (parts) => cutInChunks(parts, options.shredBytes, options.random),
    };
  }

  host(name: string, conditions?: HostConditions & { readonly identity?: Uint8Array }): Network {
    const device = { ...this.#host(name, conditions), identity: conditions?.identity };
    return {
      proves: device.identity !== undefined,
      connect: (address, options = {}) => this.#connect(device, address, options),
      listen: ({ port }, accept) => this.#listeners.listen({ host: name, port }, accept, device.identity),
    };
  }

  setConditions(a: string, b: string, conditions: Partial<LinkConditions>): void {
    const link = this.#link(a, b);
    link.conditions = { ...link.conditions, ...conditions };
  }

  cut(a: string, b: string): void {
    this.#trace('cut', a, b);
    const link = this.#link(a, b);
    link.change('cut');
    for (const end of [...link.pipes]) end.reset(new Error(`The way between ${a} and ${b} was cut`));
  }

  silence(a: string, b: string): void {
    this.#trace('silence', a, b);
    this.#link(a, b).change('silent');
  }

  heal(a: string, b: string): void {
    this.#trace('heal', a, b);
    this.#link(a, b).change('up');
  }

  #trace(kind: NetworkEvent['kind'], from: string, to: string, byteLength = 0): void {
    this.#options.onTrace?.({ at: this.#options.clock.now(), kind, from, to, byteLength });
  }

  #host(name: string, conditions: HostConditions = {}): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const { clock } = this.#options;
    const { uplinkBytesPerSecond: up = Infinity, downlinkBytesPerSecond: down = Infinity } = conditions;
    const host = { name, uplink: createPipeline(clock, up), downlink: createPipeline(clock, down) };
    this.#hosts.set(name, host);
    return host;
  }

  #link(a: string, b: string): Link {
    const name = a < b ? `${a} ${b}` : `${b} ${a}`;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = createLink(this.#defaults);
    this.#links.set(name, link);
    return link;
  }

  async #connect(from: Device, address: Address, options: ConnectOptions): Promise<Channel> {
    const { signal, expect } = options;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Channel>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#trace('connect', from.name, address.host);
    this.#travel(from, address, () => {
      if (signal?.aborted) return;
      const near = this.#knock(from, address);
      this.#travel(from, address, () => {
        if (near === undefined) reject(connectFailed(address));
        else if (signal?.aborted) near.destroy();
        else resolve(near);
      });
    });
    try {
      return expectedOrDestroyed(await promise, expect);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** One way between two hosts, for what is no part of a connection. Two such travellers may overtake each other. */
  #travel(from: Host, address: Address, arrived: () => void): void {
    const { clock, random } = this.#options;
    const link = this.#link(from.name, address.host);
    clock.schedule(travelMs(link, random), () => link.carry(arrived));
  }

  /** A connection request has arrived: answers the near end, or undefined when nobody listens. */
  #knock(from: Device, address: Address): Channel | undefined {
    const listening = this.#listeners.find(address);
    const isOpen = listening !== undefined && this.#link(from.name, address.host).state === 'up';
    this.#trace(isOpen ? 'accept' : 'refuse', address.host, from.name);
    if (!isOpen) return undefined;
    const { accept, identity } = listening;
    const [near, far] = this.#join(from, { ...this.#host(address.host), identity }, address);
    accept(far);
    return near;
  }

  #join(from: Device, to: Device, address: Address): readonly [Channel, Channel] {
    const link = this.#link(from.name, to.name);
    const local = { host: from.name, port: this.#listeners.freePort() };
    const near = this.#pipeEnd(from, to, address);
    const far = this.#pipeEnd(to, from, local);
    const pipe = createPipe(near, far, this.#pipeOptions, (end) => {
      this.openChannels--;
      link.pipes.delete(end);
    });
    for (const end of pipe) link.pipes.add(end);
    this.openChannels += 2;
    return pipe;
  }

  #pipeEnd(from: Device, to: Device, remote: Address): PipeEndInfo {
    const { clock, random } = this.#options;
    const link = this.#link(from.name, to.name);
    const onArrived = (byteLength: number): void => this.#trace('bytes', from.name, to.name, byteLength);
    const { uplink } = from;
    const { downlink } = to;
    return {
      info: channelInfo(remote, to.identity),
      wire: createSeededWire({ clock, random, link, uplink, downlink, onArrived }),
    };
  }
}

/**
 * The bytes of one write in chunks. They are joined first: where a part ends depends on how buffers happened to be reused,
 * and a run must depend on its seed alone.
 */
function cutInChunks(
  parts: readonly Uint8Array[],
  shredBytes: number | undefined,
  random: Random,
): Uint8Array[] {
  const whole = joinParts(parts);
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < whole.length; ) {
    const length = shredBytes === undefined ? SOCKET_READ_BYTES : 1 + random.integer(shredBytes);
    chunks.push(whole.subarray(start, start + length));
    start += length;
  }
  return chunks;
}

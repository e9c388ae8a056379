/**
 * Cables through proxies in this process, for machines that allow no namespaces. A cut one holds back everything: bytes,
 * ends and new connections. It is milder than a real cut, because bytes come through at once when it is healed.
 */
import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import type { Address } from '@minitorrent/rpc-core';
import type { Cable, Cables, Place } from './cables.ts';

/** Opens the proxy of each cable of `cables`. */
export async function openProxyCables(cables: readonly Cable[]): Promise<Cables> {
  const targets = new Map<Place, NetConnectOpts>();
  const proxies = new Map<string, Proxy>();
  for (const cable of cables) {
    proxies.set(nameOf(cable), await openProxy(() => targets.get(cable.to)));
  }
  return {
    kind: 'proxies',
    listenAt: () => ({ host: '127.0.0.1', port: 0 }),
    plug: (place, at) => targets.set(place, { ...at, allowHalfOpen: true, noDelay: true }),
    address: (cable) => proxyOf(cable).address,
    cut: async (chosen) => {
      // A pair of places may have no cable in one of the directions.
      for (const cable of chosen) proxies.get(nameOf(cable))?.setCut(true);
    },
    heal: async () => {
      for (const proxy of proxies.values()) proxy.setCut(false);
    },
    [Symbol.asyncDispose]: async () => {
      for (const proxy of proxies.values()) await proxy.close();
    },
  };

  function proxyOf(cable: Cable): Proxy {
    const proxy = proxies.get(nameOf(cable));
    if (proxy === undefined) throw new RangeError(`There is no cable ${nameOf(cable)}`);
    return proxy;
  }
}

function nameOf({ from, to }: Cable): string {
  return `${from} to ${to}`;
}

interface Proxy {
  readonly address: Address;
  setCut(isCut: boolean): void;
  close(): Promise<void>;
}

async function openProxy(target: () => NetConnectOpts | undefined): Promise<Proxy> {
  const wires = new Set<Wire>();
  let isCut = false;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
    const wire: Wire = new Wire(near, target, () => wires.delete(wire));
    wires.add(wire);
    wire.setCut(isCut);
  });
  return {
    address: await listen(server),
    setCut: (now) => {
      isCut = now;
      for (const wire of wires) wire.setCut(now);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const wire of wires) wire.destroy();
      await closed;
    },
  };
}

async function listen(server: Server): Promise<Address> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  return { host: '127.0.0.1', port: address.port };
}

/** One connection through a proxy. */
class Wire {
  readonly #near: Socket;
  readonly #target: () => NetConnectOpts | undefined;
  readonly #onEnd: () => void;
  #far: Socket | undefined;
  /** As long as it is, nothing was dialled, or nothing is read. */
  #isCut = true;
  /** What happened while it was cut, to be passed on later. */
  #late: (() => void)[] = [];

  constructor(near: Socket, target: () => NetConnectOpts | undefined, onEnd: () => void) {
    this.#near = near;
    this.#target = target;
    this.#onEnd = onEnd;
    near.on('error', () => this.#pass(() => this.#far?.destroy()));
    near.on('close', () => this.#closed());
  }

  setCut(isCut: boolean): void {
    if (isCut === this.#isCut) return;
    this.#isCut = isCut;
    if (isCut) {
      this.#near.pause();
      this.#far?.pause();
      return;
    }
    this.#far ??= this.#dial();
    for (const event of this.#late.splice(0)) event();
    this.#near.resume();
    this.#far.resume();
  }

  destroy(): void {
    this.#near.destroy();
    this.#far?.destroy();
  }

  #dial(): Socket {
    const far = connect(this.#target() ?? { path: '/nobody-listens-here' });
    this.#forward(this.#near, far);
    this.#forward(far, this.#near);
    // Whoever is dead is so by a reset, as a killed process's kernel says it.
    far.on('error', () => this.#pass(() => reset(this.#near)));
    far.on('close', () => this.#closed());
    return far;
  }

  /** It is over with its second socket: one that is left would keep the proxy from closing. */
  #closed(): void {
    if (this.#near.closed && this.#far?.closed !== false) this.#onEnd();
  }

  #forward(from: Socket, to: Socket): void {
    from.on('data', (bytes) => to.write(bytes));
    from.on('end', () => this.#pass(() => to.end()));
  }

  #pass(event: () => void): void {
    if (this.#isCut) this.#late.push(event);
    else event();
  }
}

/** Not where its end is on its way: libuv refuses, Node.js then never closes it, and the process could never end. */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Cables in a network namespace of this process's own, cut by the kernel: packets of a cut cable are routed to a device
 * that nobody reads, so that both ends see what a pulled plug shows them, down to the retransmissions afterwards.
 *
 * Every cable is an address of its own in 127.0.0.0/8; all processes listen on every address, each on its own port. It
 * refuses to work anywhere but in a namespace that was never used, because it changes the routing.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Address } from '@minitorrent/rpc-core';
import type { Cable, Cables, Place } from './cables.ts';

const FIRST_PORT = 7_000;
const HOLE = 'hole';
const HOLE_TABLE = '51';

/** What `ip` is asked to do in a new namespace; a probe for whether this machine allows it. */
export const NAMESPACE_STEPS: readonly string[] = [
  'link set lo up',
  // The kernel's own rule for local addresses comes before all others, so it has to make room.
  'rule add pref 100 lookup local',
  'rule del pref 0',
  `tuntap add ${HOLE} mode tun`,
  `link set ${HOLE} up`,
  `route add default dev ${HOLE} src 127.0.0.1 table ${HOLE_TABLE}`,
];

/** `ports` are those of places that cannot choose theirs. */
export async function openKernelCables(
  places: readonly Place[],
  ports: ReadonlyMap<Place, number>,
): Promise<Cables> {
  if (Object.keys(networkInterfaces()).length > 0) {
    throw new Error('Cannot lay cables here: this is not a new network namespace');
  }
  await ip(NAMESPACE_STEPS);
  // Or packets from 127.0.0.1 would be refused on the device, and the sender would hear of it.
  await writeFile(`/proc/sys/net/ipv4/conf/${HOLE}/route_localnet`, '1');
  return new KernelCables(places, ports);
}

class KernelCables implements Cables {
  readonly kind = 'network namespace';
  readonly #places: readonly Place[];
  readonly #ports: ReadonlyMap<Place, number>;
  readonly #cut = new Set<string>();

  constructor(places: readonly Place[], ports: ReadonlyMap<Place, number>) {
    this.#places = places;
    this.#ports = ports;
  }

  listenAt(place: Place): Address {
    return { host: '0.0.0.0', port: this.#port(place) };
  }

  plug(): void {}

  address({ from, to }: Cable): Address {
    const host = `127.1.${this.#number(from)}.${this.#number(to) + 1}`;
    return { host, port: this.#port(to) };
  }

  async cut(cables: readonly Cable[]): Promise<void> {
    const hosts = cables.map((cable) => this.address(cable).host).filter((host) => !this.#cut.has(host));
    for (const host of hosts) this.#cut.add(host);
    await ip(hosts.flatMap((host) => rules(host).map((rule) => `rule add ${rule}`)));
  }

  async heal(): Promise<void> {
    const hosts = [...this.#cut];
    this.#cut.clear();
    await ip(hosts.flatMap((host) => rules(host).map((rule) => `rule del ${rule}`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The namespace ends with its last process.
  }

  #port(place: Place): number {
    return this.#ports.get(place) ?? FIRST_PORT + this.#number(place);
  }

  #number(place: Place): number {
    const number = this.#places.indexOf(place);
    if (number === -1) throw new RangeError(`There is no cable to ${place}`);
    return number;
  }
}

function rules(host: string): readonly string[] {
  return ['to', 'from'].map((direction) => `pref 10 ${direction} ${host} lookup ${HOLE_TABLE}`);
}

/** Runs commands of iproute2 one after another; fails with what it said at the first that fails. */
function ip(commands: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = execFile('ip', ['-batch', '-'], (error) => (error === null ? resolve() : reject(error)));
  child.stdin?.end(`${commands.join('\n')}\n`);
  return promise;
}

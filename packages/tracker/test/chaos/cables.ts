/**
 * The ways between the processes of a run: each caller has one of its own to each process that it calls, and each can be
 * cut without a word to either end, as if somebody pulled a plug.
 */
import type { Address } from '@minitorrent/rpc-core';

/** The name of a process, or `clients` for all clients together. */
export type Place = string;

/** `from` calls, `to` listens; bytes go both ways. */
export interface Cable {
  readonly from: Place;
  readonly to: Place;
}

export interface Cables extends AsyncDisposable {
  readonly kind: 'network namespace' | 'proxies';
  /** Where the process of that name has to listen. */
  listenAt(place: Place): Address;
  /** Says where it really listens, each time it has started: a port, or the path of a Unix socket. */
  plug(place: Place, at: Address | { readonly path: string }): void;
  /** Where `from` reaches `to`. */
  address(cable: Cable): Address;
  /** From now on nothing passes; connections stay open, and new ones are neither made nor refused. */
  cut(cables: readonly Cable[]): Promise<void>;
  /** All pass again what they are given, late bytes included. */
  heal(): Promise<void>;
}

/** From each place to each other one. */
export function allCables(places: readonly Place[]): readonly Cable[] {
  return places.flatMap((from) => cablesFrom(from, places));
}

/** Both ways between `place` and each of `others`. */
export function cablesAt(place: Place, others: readonly Place[]): readonly Cable[] {
  return cablesFrom(place, others).flatMap(({ from, to }) => [
    { from, to },
    { from: to, to: from },
  ]);
}

function cablesFrom(from: Place, places: readonly Place[]): readonly Cable[] {
  return places.filter((to) => to !== from).map((to) => ({ from, to }));
}

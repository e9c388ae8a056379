/** Where the programs of a transfer run: all on loopback, or each on a network of its own (see namespace-lab.ts). */

/** Where one program runs. */
export interface Place {
  /** What stands before its command line, so that it runs there. */
  readonly enter: readonly string[];
  /** The address at which the others reach it. */
  readonly host: string;
}

export interface Lab {
  /** For trackers, and whatever else takes no part in the transfer itself. */
  readonly hub: Place;
  readonly seeders: readonly Place[];
  readonly leechers: readonly Place[];
}

const LOOPBACK: Place = { enter: [], host: '127.0.0.1' };

export function loopbackLab({
  seeders,
  leechers,
}: {
  readonly seeders: number;
  readonly leechers: number;
}): Lab {
  return {
    hub: LOOPBACK,
    seeders: Array.from({ length: seeders }, () => LOOPBACK),
    leechers: Array.from({ length: leechers }, () => LOOPBACK),
  };
}

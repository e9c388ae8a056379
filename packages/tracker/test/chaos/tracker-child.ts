/** A tracker to be killed: on a data folder as one of a cluster, or on a database that it shares with others. */
import { createSystemClock } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork } from '@minitorrent/rpc-core/tls';
import type { ClusterOptions } from '../../src/cluster/options.ts';
import { fromHex, toHex } from '../../src/hex.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { Member } from '../../src/replication/member.ts';
import { createTracker, type Tracker } from '../../src/shell/create-tracker.ts';
import { openPostgresJournal } from '../../src/shell/postgres-journal.ts';
import { openWitnessRegister } from '../../src/witness.ts';
import { CHEAP } from '../helpers/peers.ts';
import { identityFrom, pinnedAddress } from './keys.ts';
import { openLyingJournal } from './lying-journal.ts';
import { type ChaosBug, type TrackerOrders, takeOrders, tellRunner } from './orders.ts';

const { listenAt, seed, clusterId, place, planted } = takeOrders<TrackerOrders>();
const clock = createSystemClock();
const identity = identityFrom(seed);
// All clients come from one address, and after a fault all at once.
const network = createTlsNetwork({
  identity,
  clock,
  limits: { handshakesPerAddress: 1_000, handshakes: 1_000 },
});
if (planted !== undefined) plant(planted);

const manyLogins = {
  failedLoginsPerAddress: 10_000,
  failedLoginsPerAccount: 10_000,
  freeLoginFailures: 10_000,
  // A writer and all readers may be the same user at once, and all of them are one device.
  connectionsPerDevice: 16,
};
let tracker: Tracker | undefined;
tracker = await createTracker({
  ...{ network, clock, address: listenAt },
  ...(await placeOptions()),
  // All clients come from one address, some as the same user, and those that were cut off all come again at once: a login
  // counts as failed until it is over, and during a takeover that may take a while.
  limits: { ...CHEAP, ...manyLogins },
  rpcLimits: { unauthenticatedPerAddress: 1_000 },
  allowSync: () => true,
  onLog: (entry) => {
    if (entry.kind === 'fault') tellRunner(entry);
    if (entry.kind === 'role_changed') setImmediate(tellRole);
  },
});
process.once('SIGTERM', () => void tracker?.close().then(() => process.exit()));
tellRunner({ kind: 'started', address: tracker.address, storeId: toHex(tracker.status().storeId) });
tellRole();

/** What it is by now; while it starts, nothing yet. */
function tellRole(): void {
  if (tracker === undefined) return;
  const { role, reason, config } = tracker.status();
  if (role !== 'alone' && role !== 'shared') tellRunner({ kind: 'role', role, reason, config });
}

async function placeOptions(): Promise<
  { readonly identity: Identity; readonly cluster?: ClusterOptions } & (
    | { readonly dataDir: string }
    | { readonly journal: Journal }
  )
> {
  if ('url' in place) return { identity, journal: await openPostgresJournal({ url: place.url }) };
  const { dataDir } = place;
  const peers = place.peers.map(pinnedAddress);
  const witness = pinnedAddress(place.witness);
  const id = fromHex(clusterId);
  const register = openWitnessRegister({ network, clock, address: witness, clusterId: id });
  const cluster: ClusterOptions = { clusterId: id, peers, register };
  if (planted === 'lying_disk') return { identity, cluster, journal: await openLyingJournal(dataDir) };
  return { identity, cluster, dataDir };
}

function plant(bug: ChaosBug): void {
  Member.prototype.isPlanted = (asked) => asked === bug;
}

/** A tracker in a process of its own, for what is measured of one: ours, or bittorrent-tracker; says where it listens. */
import { once } from 'node:events';
import { createIdentity } from '../../../packages/rpc-core/src/identity.ts';
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { createMemoryJournal, createTracker } from '../../../packages/tracker/src/index.ts';
import { answerParent } from '../../harness/child.ts';
import { importNpmPeer } from '../../harness/npm-peers.ts';

const HOST = '127.0.0.1';
/** All devices are of one user, on one machine, and announce as fast as they can: what forbids that is out of the way. */
const LIMITS = {
  argon2MemoryKib: 8,
  argon2Passes: 1,
  announcesPerSecond: 1_000_000,
  announceBurst: 1_000_000,
};
const RPC_LIMITS = { connections: 100_000, unauthenticatedPerAddress: 100_000 };

// Whatever it is asked: a collection of garbage, where that is allowed.
answerParent(process.argv[2] === 'ours' ? await startOurs() : await startBittorrentTracker(), () =>
  globalThis.gc?.(),
);

async function startOurs(): Promise<Address> {
  const tracker = await createTracker({
    journal: createMemoryJournal(),
    identity: createIdentity(),
    address: { host: HOST, port: 0 },
    limits: LIMITS,
    rpcLimits: RPC_LIMITS,
  });
  return tracker.address;
}

interface BittorrentTracker {
  readonly default: new (
    options: object,
  ) => NodeJS.EventEmitter & {
    listen(port: number, hosts: { readonly udp: string; readonly udp6: string }): void;
    readonly udp: { address(): { readonly port: number } };
  };
}

async function startBittorrentTracker(): Promise<Address> {
  const { default: Server } = await importNpmPeer<BittorrentTracker>('bittorrent-tracker/server.js');
  const server = new Server({ udp: true, http: false, ws: false, stats: false, trustProxy: false });
  server.listen(0, { udp: HOST, udp6: '::1' });
  await once(server, 'listening');
  return { host: HOST, port: server.udp.address().port };
}

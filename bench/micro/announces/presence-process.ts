/** What a tracker knows of who has what, in a process of its own: filled up to as many peers as it is asked for. */

import { createSystemRandom } from '../../../packages/rpc-core/src/index.ts';
import { deviceKey } from '../../../packages/tracker/src/device-key.ts';
import { toHex } from '../../../packages/tracker/src/hex.ts';
import { DEFAULT_LIMITS } from '../../../packages/tracker/src/limits.ts';
import { Presence } from '../../../packages/tracker/src/presence.ts';
import { answerParent } from '../../harness/child.ts';
import { importNpmPeer } from '../../harness/npm-peers.ts';

const PEERS_PER_FILE = 20;

/** Takes in peer number `number`, with one file. */
type AddPeer = (number: number) => void;

const add = process.argv[2] === 'ours' ? fillOurs() : await fillBittorrentTracker();
let count = 0;
answerParent(undefined, (wanted) => {
  for (; count < Number(wanted); count += 1) add(count);
  globalThis.gc?.();
  return count;
});

function fillOurs(): AddPeer {
  const presence = new Presence(DEFAULT_LIMITS, createSystemRandom());
  return (number) => {
    const root = toHex(bytesOf(32, Math.floor(number / PEERS_PER_FILE)));
    const key = deviceKey(`user-${number}`, bytesOf(32, number));
    const holding = number % 2 === 0 ? 'complete' : 'partial';
    presence.announce({ key, host: hostOf(number), port: 6_881 }, [{ groupId: 'group', root, holding }], 0);
  };
}

interface Swarm {
  announce(params: object, callback: (error: Error | null) => void): void;
}

interface SwarmModule {
  readonly default: new (infoHash: string, server: object) => Swarm;
}

async function fillBittorrentTracker(): Promise<AddPeer> {
  const { default: SwarmOf } = await importNpmPeer<SwarmModule>('bittorrent-tracker/lib/server/swarm.js');
  const swarms = new Map<number, Swarm>();
  return (number) => {
    const file = Math.floor(number / PEERS_PER_FILE);
    const swarm = swarms.get(file) ?? new SwarmOf(toHex(bytesOf(20, file)), {});
    swarms.set(file, swarm);
    const [ip, port] = [hostOf(number), 6_881];
    const peer = { ip, port, addr: `${ip}:${port}`, peer_id: toHex(bytesOf(20, number)), left: number % 2 };
    swarm.announce({ ...peer, type: 'udp', event: 'started', numwant: 0 }, (error) => {
      if (error !== null) throw error;
    });
  };
}

function hostOf(number: number): string {
  return `10.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

function bytesOf(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 4, number);
  return bytes;
}

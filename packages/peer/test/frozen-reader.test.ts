/** A receiver that stops reading in the middle of a piece costs the others next to nothing, and little memory. */
import { randomBytes } from 'node:crypto';
import { createManifest, createMemoryStore } from '@minitorrent/chunk-store';
import { type Connection, createConnection, createServer, defaultRpcLimits } from '@minitorrent/rpc-core';
import { createManualClock, createSeededNetwork, createSeededRandom } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { servePieces } from '../src/shell/serve-pieces.ts';
import { SharedFiles } from '../src/shell/shared-files.ts';
import { Uplink } from '../src/shell/uplink.ts';
import { UPLOAD_LIMITS } from '../src/upload-events.ts';
import { UPLOAD_WINDOW_LIMITS } from '../src/upload-window.ts';
import { admitAnybody } from './support/admit-anybody.ts';

const KIB = 1024;
const PIECE_LENGTH = 256 * KIB;
const PIECES = 32;
const bytes = randomBytes(PIECES * PIECE_LENGTH);
const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: PIECE_LENGTH });
const groupId = 'films';
const address = { host: 'server', port: 1 };
const ROUND_TRIP_MS = 10;
/** How long a block may lie on the way, and its answer. */
const ANSWER_MS = ROUND_TRIP_MS + UPLOAD_WINDOW_LIMITS.aheadMs;

describe('a receiver that freezes', () => {
  it.each([4_000, 40_000])(
    'behind an uplink of %i KiB a second is cut off, and the others keep their rate',
    async (kib) => {
      const bytesPerMs = (kib * KIB) / 1_000;
      const alone = await serve(kib, { freezes: false });
      const beside = await serve(kib, { freezes: true });
      // The uplink, for what it got and until its answer is overdue.
      const patienceMs = UPLOAD_WINDOW_LIMITS.overdueFactor * (ANSWER_MS + UPLOAD_WINDOW_LIMITS.aheadMs);
      const lostMs = patienceMs + beside.frozenBytes / bytesPerMs;
      expect(beside.othersMs).toBeLessThan(alone.othersMs + 1.05 * lostMs);
      expect(beside.unreadBytes).toBeGreaterThan(0);
      const mostUnread = Math.min(bytesPerMs * ANSWER_MS, defaultRpcLimits.streamWindowBytes);
      expect(beside.unreadBytes).toBeLessThan(mostUnread + PIECE_LENGTH);
      expect(beside.cutOff).toMatchObject({ kind: 'failed', error: { code: 'stalled' } });
      const stalledMs = beside.cutOffMs - beside.frozeMs;
      expect(stalledMs).toBeGreaterThanOrEqual(UPLOAD_LIMITS.abortMs);
      expect(stalledMs).toBeLessThan(UPLOAD_LIMITS.abortMs + patienceMs + 1_000);
    },
  );
});

/** Serves two receivers who read, and one who stops doing so after three pieces. */
async function serve(kib: number, { freezes }: { readonly freezes: boolean }) {
  const clock = createManualClock();
  const random = createSeededRandom(1);
  const network = createSeededNetwork({ clock, random, conditions: { delayMs: ROUND_TRIP_MS / 2 } });
  await using store = createMemoryStore({ manifest, bytes });
  const files = new SharedFiles();
  files.put(groupId, store);
  const uplink = new Uplink({ clock, random });
  const connections = new Map<string, Connection>();
  const server = await createServer({
    network: network.host('server', { uplinkBytesPerSecond: kib * KIB }),
    ...{ clock, address, trusted: true, serve: [servePieces({ files, uplink, admission: admitAnybody })] },
    onConnection: (connection) => connections.set(connection.remote.remote.host, connection),
  });
  const sentTo = (name: string): number => connections.get(name)?.output.madeBytes ?? 0;

  /** Asks for the whole file; reads nothing more once `isEnough`. */
  const receive = async (name: string, isEnough: (bytes: number) => boolean): Promise<void> => {
    const channel = await network.host(name).connect(address);
    const connection = createConnection({ channel, clock, trusted: true });
    const want = [...store.have.indices()];
    const request = { groupId, root: manifest.root, want, maxPieces: PIECES, begun: [] };
    let received = 0;
    for await (const item of connection.client(peerContract).send_pieces(request)) {
      if (item.kind === 'block') received += item.data.length;
      if (isEnough(received)) channel.pause();
    }
    expect(received).toBe(bytes.length);
  };

  const frozen = { atMs: 0, readBytes: 0 };
  if (freezes) {
    const isEnough = (received: number): boolean => {
      if (received < 3 * PIECE_LENGTH) return false;
      Object.assign(frozen, { atMs: clock.now(), readBytes: received });
      return true;
    };
    // It hears of nothing any more.
    receive('frozen', isEnough).catch(() => undefined);
  }
  const never = (): boolean => false;
  await clock.runUntilSettled(Promise.all([receive('b', never), receive('c', never)]));
  const othersMs = clock.now();
  const cutOff = freezes
    ? await clock.runUntilSettled(connections.get('frozen')?.closed ?? frozenIsMissing())
    : undefined;
  const cutOffMs = clock.now();
  uplink.close();
  await clock.runUntilSettled(server.close({ signal: AbortSignal.abort() }));
  const frozenBytes = sentTo('frozen');
  return {
    othersMs,
    cutOff,
    cutOffMs,
    frozenBytes,
    frozeMs: frozen.atMs,
    unreadBytes: frozenBytes - frozen.readBytes,
  };
}

function frozenIsMissing(): never {
  throw new Error('It never came');
}

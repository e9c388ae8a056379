/** A tracker, and a peer that shares what it is asked to: the others of the `first-byte` figure. `<folder>` */
import { join } from 'node:path';
import { createPeer } from '../../packages/peer/src/index.ts';
import { createTracker } from '../../packages/tracker/src/index.ts';
import { answerParent } from '../harness/child.ts';

export const GROUP = 'bench';
export const PASSWORD = 'correct horse battery';

export interface TrackerPlace {
  readonly host: string;
  readonly port: number;
  readonly pin: Uint8Array;
}

if (import.meta.main) await main(process.argv[2] ?? '');

async function main(folder: string): Promise<void> {
  const address = { host: '127.0.0.1', port: 0 };
  const tracker = await createTracker({ address, dataDir: join(folder, 'tracker') });
  const place: TrackerPlace = { ...tracker.address, pin: tracker.deviceId };
  const peer = await createPeer({
    trackers: [place],
    joinPolicy: async () => 'accept',
    dataDir: join(folder, 'alice'),
    downloadDir: join(folder, 'alice'),
  });
  await peer.createUser('alice', PASSWORD);
  await peer.login('alice', PASSWORD);
  await peer.createGroup(GROUP);
  answerParent(place, async (path) => {
    await peer.uploadFile(GROUP, String(path));
  });
}

/** A tracker in a process of its own, on a data folder or the URL of a PostgreSQL, to be killed. Writes its address, or why it did not start, as one line of JSON. */
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { isTrackerError } from '../../src/errors.ts';
import { createTracker } from '../../src/shell/create-tracker.ts';
import { openPostgresJournal } from '../../src/shell/postgres-journal.ts';

const [place = ''] = process.argv.slice(2);

try {
  const tracker = await createTracker({
    network: createTcpNetwork(),
    address: { host: '127.0.0.1', port: 0 },
    ...(place.startsWith('postgresql:')
      ? { journal: await openPostgresJournal({ url: place }), identity: createIdentity() }
      : { dataDir: place }),
    limits: { argon2MemoryKib: 8, argon2Passes: 1 },
  });
  process.stdout.write(`${JSON.stringify(tracker.address)}\n`);
  process.once('SIGTERM', () => void tracker.close());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: isTrackerError(error) ? error.code : String(error) })}\n`);
}

/** A tracker in a process of its own, to be killed. Writes its address, or why it did not start, as one line of JSON. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { isTrackerError } from '../../src/errors.ts';
import { createTracker } from '../../src/shell/create-tracker.ts';

const [dataDir = ''] = process.argv.slice(2);

try {
  const tracker = await createTracker({
    network: createTcpNetwork(),
    address: { host: '127.0.0.1', port: 0 },
    dataDir,
    limits: { argon2MemoryKib: 8, argon2Passes: 1 },
  });
  process.stdout.write(`${JSON.stringify(tracker.address)}\n`);
  process.once('SIGTERM', () => void tracker.close());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: isTrackerError(error) ? error.code : String(error) })}\n`);
}

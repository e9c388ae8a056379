/** A witness in a process of its own, on a data folder, to be killed. Writes its address, or why it did not start, as one line of JSON. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { isTrackerError } from '../../src/errors.ts';
import { createWitness } from '../../src/witness.ts';

const [dataDir = ''] = process.argv.slice(2);

try {
  const witness = await createWitness({
    network: createTcpNetwork(),
    address: { host: '127.0.0.1', port: 0 },
    dataDir,
  });
  process.stdout.write(`${JSON.stringify(witness.address)}\n`);
  // Whoever started it holds the other end: no witness outlives a test that went wrong.
  process.stdin.resume().once('end', () => process.exit());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: isTrackerError(error) ? error.code : String(error) })}\n`);
}
